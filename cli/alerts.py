"""The commands for alerts in files: ``send`` and ``parse``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.screen import console
from cli.stack import local_stack


def send(
    files: Annotated[list[Path], typer.Argument(help="Alerts as JSON files, as Sentinel exports them.")],
) -> None:
    """Send alerts to the event hub that the host listens to."""
    from local.send import send as send_files

    environment = local_stack(os.environ).environment()
    connection, hub = environment["ALUSKORT_SENTINEL_EVENTHUB"], environment["ALUSKORT_SENTINEL_HUB"]
    screen = console()
    count = send_files(files, connection, hub, lambda path: screen.print(f"sent {path}", markup=False))
    sent = "1 message was" if count == 1 else f"{count} messages were"
    screen.print(f"{sent} sent to the event hub {hub}. `aluskort dlq list` counts what the product cannot read.")


def parse(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Alerts as JSON, or any text; - is standard input.")],
    siem: Annotated[
        Literal["elastic", "splunk"] | None, typer.Option("--siem", help="Whose alerts; Sentinel's when left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show the entities of alerts, or the indicators of a text, and what could not be mapped."""
    from cli.parse import parse as parse_file
    from cli.parse import print_parsed

    found = parse_file(file, siem)
    print_parsed(found, console(), as_json=as_json)
    if all(parsed.entities is None for parsed in found):
        raise typer.Exit(1)
