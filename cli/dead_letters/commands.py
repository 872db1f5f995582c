"""``aluskort dlq``: the arguments of its commands; cli/dead_letters/operations.py does the work."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.screen import AsJson, console, say, say_json
from cli.stack import local_stack
from shared.errors import InvalidInput

if TYPE_CHECKING:
    from cli.dead_letters.operations import DeadLetters

dlq = typer.Typer(no_args_is_help=True, help="Inspect and replay messages that could not be processed.")

Topic = Annotated[str, typer.Argument(metavar="TOPIC", help="A dead-letter topic, such as alerts.raw.dlq.")]
At = Annotated[str, typer.Argument(metavar="POSITION", help="partition:offset, as `list` shows it.")]


@dlq.command("list")
def list_entries(
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="One topic; an overview of all when left out.")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many of the newest to show.")] = 30,
    as_json: AsJson = False,
) -> None:
    """List what could not be handled, newest last."""
    import asyncio

    dead_letters = _dead_letters()
    asyncio.run(
        dead_letters.show_entries(topic, limit=limit, as_json=as_json)
        if topic
        else dead_letters.show_topics(as_json=as_json)
    )


@dlq.command("show")
def show_entry(
    topic: Topic,
    position: At,
    raw: Annotated[bool, typer.Option("--raw", help="Write the exact original bytes, and nothing else.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the exact bytes to a file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show everything about one dead letter. Its content is shown escaped; --raw and --output give the exact bytes."""
    import asyncio

    from cli.dead_letters.entry import Position

    dead_letters, at = _dead_letters(), Position.read(position)
    if not raw and output is None:
        asyncio.run(dead_letters.show_entry(topic, at, as_json=as_json))
        return
    original = asyncio.run(dead_letters.original(topic, at))
    if output is None:
        sys.stdout.buffer.write(original.value)
    else:
        _write(output, original.value)
        written = {"file": str(output), "bytes": len(original.value), "missing_parts": original.missing}
        say(f"{output}: {len(original.value):,} bytes.", written, as_json=as_json)
    if original.missing:
        numbers = ", ".join(map(str, original.missing[:5]))
        console(stderr=True).print(f"Incomplete: {len(original.missing)} parts are missing ({numbers}).", style="red")
        raise typer.Exit(1)


@dlq.command("replay")
def replay_entries(  # noqa: PLR0913, PLR0917 - one for each thing that the command line can say
    topic: Topic,
    positions: Annotated[
        list[str] | None, typer.Argument(metavar="POSITION", help="partition:offset, as `list` shows it.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every dead letter not yet sent back.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be sent where.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Include those that were sent back before.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send dead letters back to where they came from: same bytes, key and headers, and a note of where they were."""
    import asyncio

    from cli.dead_letters.entry import Position

    if bool(positions) == everything:
        raise typer.BadParameter("name the positions to send back, or --all")

    def agreed(count: int) -> bool:
        return yes or typer.confirm(f"Send {'it' if count == 1 else f'these {count}'} back?")

    wanted = [Position.read(position) for position in positions or []]
    dead_letters = _dead_letters(stderr=as_json)
    replayed = asyncio.run(dead_letters.replay(topic, wanted, again=again, dry_run=dry_run, agreed=agreed))
    if as_json:
        say_json({"sent": replayed.sent, "not_sent": replayed.left, "dry_run": dry_run})
    if not replayed.complete:
        raise typer.Exit(1)


def _dead_letters(*, stderr: bool = False) -> DeadLetters:
    from cli.dead_letters.operations import DeadLetters
    from shared.settings import kafka_security

    environment = local_stack(os.environ).environment()
    return DeadLetters(
        console(stderr=stderr),
        environment["ALUSKORT_KAFKA_BROKERS"],
        kafka_security(),
        environment["ALUSKORT_SENTINEL_EVENTHUB"],
    )


def _write(path: Path, value: bytes) -> None:
    try:
        path.write_bytes(value)
    except OSError as error:
        raise InvalidInput("--output", got=str(path), expected="a writable file", hint=error.strerror or "") from error
