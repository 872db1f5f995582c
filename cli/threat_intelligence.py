"""``aluskort ti``: feeds of indicators."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.screen import AsJson, console, say
from cli.stack import local_stack
from shared.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.bus.producer import KafkaProducer
    from shared.knowledge.feeds import Read

ti = typer.Typer(no_args_is_help=True, help="Threat intelligence: feeds of indicators.")

TOPIC = "knowledge.ti.ioc.new"
SHOWN = 20  # rejected entries that are printed
AT_ONCE = 500  # messages that wait for their acknowledgement


@ti.callback()
def _group() -> None:
    """Keeps `import` a command of its own."""


@ti.command("import")
def import_feed(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A STIX 2.1 bundle, a MISP event, or one value a line.")],
    source: Annotated[str, typer.Option("--source", help="Who says so; kept with each indicator.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be learnt.")] = False,
    as_json: AsJson = False,
) -> None:
    """Publish the indicators of a feed; say what is none, and what would match everybody.

    Exit code 1 if no indicator is left.
    """
    import asyncio
    from collections import Counter

    from shared.bus.producer import KafkaProducer
    from shared.knowledge.feeds import Rejected
    from shared.settings import kafka_security

    counts: Counter[str] = Counter()

    async def send(producer: KafkaProducer | None) -> None:
        waiting = []
        for one in _read(file, source):
            if isinstance(one, Rejected):
                counts["rejected"] += 1
                if counts["rejected"] <= SHOWN:
                    console(stderr=True).print(f"{one.where}: {one.reason}", markup=False, soft_wrap=True)
                continue
            counts["learnt"] += 1
            if producer is not None:
                waiting.append(producer.publish(TOPIC, one.to_json(), key=f"{one.type}:{one.value}"))
            if len(waiting) == AT_ONCE:
                await asyncio.gather(*waiting)
                waiting = []
        await asyncio.gather(*waiting)

    async def run() -> None:
        if dry_run:
            await send(None)
            return
        brokers = local_stack(os.environ).environment()["ALUSKORT_KAFKA_BROKERS"]
        producer = KafkaProducer(brokers, kafka_security())
        try:
            await send(producer)
        finally:
            await producer.close()

    asyncio.run(run())
    done = "would be published" if dry_run else "are published"
    sentence = f"{counts['learnt']:,} indicators {done}, {counts['rejected']:,} entries are not usable."
    found = {"indicators": counts["learnt"], "rejected": counts["rejected"], "published": not dry_run}
    say(sentence, found, as_json=as_json)
    if not counts["learnt"]:
        raise typer.Exit(1)


def _read(file: Path, source: str) -> Iterator[Read]:
    from shared.knowledge.feeds import read_json, read_lines

    try:
        with file.open(encoding="utf-8", errors="replace") as feed:
            first = feed.read(1)
            feed.seek(0)
            if first in {"{", "["}:
                yield from read_json(feed.read(), source=source)
            else:
                yield from read_lines(feed, source=source)
    except OSError as error:
        raise InvalidInput("FILE", got=str(file), expected="a readable file", hint=error.strerror or "") from error
