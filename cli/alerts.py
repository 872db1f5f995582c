"""The commands for alerts in files: ``send`` and ``parse``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli.screen import AsJson, console, say_json
from cli.stack import local_stack
from shared.errors import BusUnavailable

if TYPE_CHECKING:
    from cli.sending import Reading


def send(
    files: Annotated[
        list[Path], typer.Argument(help="Alerts as JSON files, as Sentinel or another SIEM exports them.")
    ],
    source: Annotated[
        str,
        typer.Option("--source", help="Of ALUSKORT_ALERT_SOURCES: elastic or splunk locally; Sentinel if left out."),
    ] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Show each alert's way to its verdict.")] = False,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Send files in which no alert can be read too: to the dead letters.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send alerts to the event hub that the host listens to, and say first what the product will not be able to read.

    Exit code 1 if a file was not sent, or with --follow if an alert came to no verdict.
    """
    from cli.follow import follow_alerts
    from cli.sending import print_reading, read_for_sending
    from local.send import send as send_files

    environment = local_stack(os.environ).environment()
    readings = [read_for_sending(path, source, environment["ALUSKORT_ALERT_SOURCES"]) for path in files]
    screen = console(stderr=as_json)
    for reading in readings:
        print_reading(screen, reading, anyway=anyway)
    sent = [reading for reading in readings if anyway or not reading.is_useless]
    hub = environment["ALUSKORT_SIEM_HUB" if source else "ALUSKORT_SENTINEL_HUB"]
    paths = [reading.path for reading in sent]
    properties: dict[str | bytes, str] = {"source": source} if source else {}
    try:
        count = send_files(paths, environment["ALUSKORT_SENTINEL_EVENTHUB"], hub, properties=properties) if sent else 0
    except BusUnavailable as error:
        raise BusUnavailable(f"{str(error).splitlines()[0]}. `aluskort up` starts the local stack.") from error
    alerts = [alert for reading in sent for alert in reading.alerts]
    screen.print(f"{count} of {len(files)} files sent to the event hub {hub}, {len(alerts)} alerts in them.")
    cases = follow_alerts(screen, alerts) if follow and alerts else []
    if as_json:
        say_json({"hub": hub, "files": [_said(one, sent=one in sent) for one in readings], "cases": cases})
    else:
        lost = any(reading.refused for reading in sent)
        listing = " `aluskort dlq list` shows what could not be read." if lost else ""
        next_one = "`aluskort case ID`" if follow else "`aluskort cases --follow`"
        next_one = next_one if count else "`aluskort parse FILE` shows what a file holds"
        screen.print(f"Next: {next_one}.{listing}", style="dim")
    followed = {alert.alert_id for alert in alerts} if follow else set()
    if count < len(files) or followed - {case["alert_id"] for case in cases}:
        raise typer.Exit(1)


def _said(reading: Reading, *, sent: bool) -> dict[str, Any]:
    """What `--json` says of one file."""
    alerts = [alert.alert_id for alert in reading.alerts]
    return {"file": str(reading.path), "sent": sent, "alerts": alerts, "left_out": reading.left_out} | {
        "refused": reading.refused
    }


def parse(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Alerts as JSON, or any text; - is standard input.")],
    siem: Annotated[
        Literal["elastic", "splunk"] | None, typer.Option("--siem", help="Whose alerts; Sentinel's when left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the entities of alerts, or the indicators of a text, and what could not be mapped.

    Exit code 1 if nothing is an alert, and for broken JSON, which is read as text.
    """
    from cli.parse import parse as parse_file
    from cli.parse import print_parsed

    found = parse_file(file, siem)
    print_parsed(found, console(), as_json=as_json)
    broken = any(parsed.refusal and parsed.entities is not None for parsed in found)
    if broken or all(parsed.entities is None for parsed in found):
        raise typer.Exit(1)
