"""``aluskort ti``: feeds of indicators, and reports."""

from __future__ import annotations

import json
import os
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.api import HOME, Tenant, as_operator
from cli.screen import AsJson, console, say, say_json
from cli.stack import local_stack
from shared.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from shared.bus.producer import KafkaProducer
    from shared.knowledge.feeds import Read

ti = typer.Typer(no_args_is_help=True, help="Threat intelligence: feeds of indicators, and reports.")

TOPIC, REPORTS = "knowledge.ti.ioc.new", "knowledge.ti.report.new"
SHOWN = 20  # rejected entries that are printed
SHOWN_CHARACTERS = 600  # of a part
AT_ONCE = 500  # messages that wait for their acknowledgement


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

    from shared.knowledge.feeds import Rejected

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
        async with _producer() as producer:
            await send(producer)

    asyncio.run(run())
    done = "would be published" if dry_run else "are published"
    sentence = f"{counts['learnt']:,} indicators {done}, {counts['rejected']:,} entries are not usable."
    found = {"indicators": counts["learnt"], "rejected": counts["rejected"], "published": not dry_run}
    say(sentence, found, as_json=as_json)
    if not counts["learnt"]:
        raise typer.Exit(1)


@ti.command("import-report")
def import_report(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A report as plain text.")],
    title: Annotated[str, typer.Option("--title", help="As people cite it; the same title replaces the report.")],
    source: Annotated[str, typer.Option("--source", help="Who wrote it.")],
    as_json: AsJson = False,
) -> None:
    """Publish a report; its parts are found by `ti search`, and the techniques that it names with them."""
    import asyncio

    from shared.knowledge.library import Report

    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InvalidInput("FILE", got=str(file), expected="a readable file", hint=error.strerror or "") from error
    report = Report.from_json(
        json.dumps({"doc_id": f"{source}: {title}", "title": title, "source": source, "text": text})
    )

    async def send() -> None:
        async with _producer() as producer:
            await producer.publish(REPORTS, report.to_json(), key=report.doc_id)

    asyncio.run(send())
    sentence = f"{title!r} is published. Next: `aluskort ti search TEXT`."
    say(sentence, {"doc_id": report.doc_id, "published": True}, as_json=as_json)


@ti.command("search")
def search(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="An alert's words, a technique, a host, a hash.")],
    shelf: Annotated[str, typer.Option("--in", metavar="SHELF", help="reports or playbooks.")] = "reports",
    as_json: AsJson = False,
    tenant: Tenant = HOME,
) -> None:
    """Show the parts of reports, or the playbooks, that are most like a text."""
    from cli.case_screen import shown

    found = as_operator(lambda person: person.get("/library", text=text, shelf=shelf), tenant)["items"]
    if as_json:
        say_json(found)
        return
    if not found:
        console().print(f"Nothing in the {shelf} is like it.", markup=False)
    for one in found:
        about = f"{one['title']}  {', '.join(one['mitre_techniques'])}"
        console().print(shown(about, limit=200), style="bold")
        console().print(shown(one["text"], limit=SHOWN_CHARACTERS))


@asynccontextmanager
async def _producer() -> AsyncIterator[KafkaProducer]:
    from shared.bus.producer import KafkaProducer
    from shared.settings import kafka_security

    producer = KafkaProducer(local_stack(os.environ).environment()["ALUSKORT_KAFKA_BROKERS"], kafka_security())
    try:
        yield producer
    finally:
        await producer.close()


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
