"""``aluskort telemetry``: files of telemetry into the tables that the detections read."""

from __future__ import annotations

from dataclasses import asdict
from itertools import batched
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.deployment.commands import EnvironmentFile, chosen
from cli.screen import AsJson, console, say, say_json

if TYPE_CHECKING:
    from shared.detection.files import Loaded

AT_ONCE = 500  # messages that wait for the broker's word together

telemetry = typer.Typer(no_args_is_help=True, help="Telemetry of the systems that the detections defend.")


@telemetry.command("load")
def load(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="CSV, JSON lines (.jsonl) or Parquet.")],
    table: Annotated[str, typer.Option("--table", help="The table, when the file's name does not begin with it.")] = "",
    as_json: AsJson = False,
    environment_file: EnvironmentFile = None,
) -> None:
    """Load files. A file that is loaded again adds nothing; exit code 1 if a row was refused."""
    import asyncio
    from time import perf_counter

    from shared.bootstrap import services
    from shared.detection.files import load as load_file
    from shared.detection.telemetry import Telemetry

    chosen(environment_file)

    async def all_files() -> list[Loaded]:
        store = services().stores.postgres
        try:
            return [await load_file(Telemetry(store), file, table=table) for file in files]
        finally:
            await store.close()

    began = perf_counter()
    loaded = asyncio.run(all_files())
    seconds = perf_counter() - began
    if as_json:
        say_json([{"file": str(file), **asdict(one)} for file, one in zip(files, loaded, strict=True)])
    else:
        _show(files, loaded, seconds)
    if any(one.refused for one in loaded):
        raise typer.Exit(1)


def _show(files: list[Path], loaded: list[Loaded], seconds: float) -> None:
    for file, one in zip(files, loaded, strict=True):
        there = one.read - one.new - one.refused
        console().print(
            f"{file.name} -> {one.table}: {one.new:,} new, {there:,} there already, {one.refused:,} refused",
            markup=False,
        )
        for reason in one.reasons:
            console().print(f"  {reason}", markup=False, highlight=False, style="yellow", soft_wrap=True)
    read = sum(one.read for one in loaded)
    console().print(f"{read:,} rows in {seconds:.1f} s ({read / max(seconds, 0.001):,.0f} a second).")


@telemetry.command("formats")
def formats(as_json: AsJson = False) -> None:
    """Show the public formats that `convert` reads, and the table and topic of each."""
    from rich.table import Table

    from shared.detection.feeds.catalogue import FEEDS
    from shared.detection.intake import TABLES

    topics = {table: topic for topic, table in TABLES.items()}
    if as_json:
        say_json(
            [
                {"format": name, "of": feed.system, "table": feed.table, "topic": topics[feed.table]}
                for name, feed in FEEDS.items()
            ]
        )
        return
    shown = Table("format", "of", "table", "topic")
    for name, feed in FEEDS.items():
        shown.add_row(name, feed.system, feed.table, topics[feed.table])
    console().print(shown)


@telemetry.command("convert")
def convert(  # noqa: PLR0913, PLR0917 - one for each thing that the command line can say
    name: Annotated[str, typer.Argument(metavar="FORMAT", help="One of `aluskort telemetry formats`.")],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="What the system wrote: JSON, or one a line.")],
    tenant: Annotated[str, typer.Option("--tenant", help="Whose systems these are.")],
    send: Annotated[
        bool, typer.Option("--send", help="Publish the rows on the format's topic, not on stdout.")
    ] = False,
    as_json: AsJson = False,
    environment_file: EnvironmentFile = None,
) -> None:
    """Turn what another system writes into rows, one JSON object a line. Exit code 1 if a document was refused."""
    import asyncio

    import orjson

    from shared.detection.feeds.catalogue import Converted
    from shared.detection.feeds.catalogue import convert as convert_body

    found: list[Converted] = [convert_body(name, _bytes_of(file), tenant) for file in files]
    rows = [row for one in found for row in one.rows]
    if send:
        chosen(environment_file)
        topic = asyncio.run(_published(found[0].table, tenant, rows))
        say(f"{len(rows):,} rows were published on {topic}.", {"rows": len(rows), "topic": topic}, as_json=as_json)
    elif as_json:
        typer.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
    else:
        for row in rows:
            typer.echo(orjson.dumps(row))
    for reason in (reason for one in found for reason in one.refused):
        console(stderr=True).print(reason, markup=False, highlight=False, style="yellow", soft_wrap=True)
    if any(one.refused for one in found):
        raise typer.Exit(1)


def _bytes_of(file: Path) -> bytes:
    from shared.errors import InvalidInput

    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidInput("file", got=str(file), expected="a file that can be read", hint=str(error)) from error


async def _published(table: str, tenant: str, rows: list[dict[str, object]]) -> str:
    """Publish one message a row and return the topic. Raises BusUnavailable."""
    import asyncio

    import orjson

    from shared.bootstrap import services
    from shared.detection.intake import TABLES

    topic = next(topic for topic, filled in TABLES.items() if filled == table)
    producer = services().bus.producer
    try:
        for together in batched(rows, AT_ONCE, strict=False):
            await asyncio.gather(*(producer.publish(topic, orjson.dumps(row), key=tenant) for row in together))
    finally:
        await producer.close()
    return topic
