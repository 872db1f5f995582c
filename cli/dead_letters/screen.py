"""Dead letters on a terminal. All of their text comes from outside: see cli/visible.py."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from rich.table import Table
from rich.text import Text

from cli.dead_letters.entry import Entry
from cli.dead_letters.topic import Survey
from cli.visible import visible
from shared.bus.dead_letters import Original
from shared.contracts.dead_letter import DeadLetter
from shared.contracts.topics import topics

REASON_SHOWN, HEADER_SHOWN = 100, 500  # characters


def overview(surveys: Mapping[str, Survey]) -> Table:
    """Every dead-letter topic with how much is on it."""
    table = Table("topic", box=None, header_style="bold")
    table.add_column("dead letters", justify="right")
    table.add_column("sent back", justify="right")
    table.add_column("newest")
    for name, survey in surveys.items():
        replayed = sum(bool(entry.marks) for entry in survey.entries)
        newest = _moment(survey.entries[-1].recorded_at) if survey.entries else ""
        table.add_row(name, f"{survey.total:,}", f"{replayed:,}", newest, style="" if survey.total else "dim")
    return table


def entries(found: list[Entry]) -> Table:
    """One line per dead letter."""
    table = Table(box=None, header_style="bold")
    for heading in ("position", "first failed", "came from"):
        table.add_column(heading, no_wrap=True)
    table.add_column("bytes", justify="right", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("why", overflow="fold", min_width=24)
    for entry in found:
        facts = entry.facts
        if facts is None:
            failed, source, reason = (
                Text(_moment(entry.recorded_at)),
                Text("?"),
                visible(f"not a dead letter: {entry.foreign}", limit=REASON_SHOWN),
            )
        else:
            failed, source = _failed(facts), visible(facts.source_topic, limit=40)
            reason = _incomplete(entry) + visible(f"{facts.error_type}: {facts.reason}", limit=REASON_SHOWN)
        table.add_row(str(entry.position), failed, source, f"{entry.size:,}", _state(entry), reason)
    return table


def details(entry: Entry, facts: DeadLetter | None, original: Original) -> Table:
    """All that is known about one dead letter, except its bytes."""
    table = Table.grid(padding=(0, 2, 0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    if facts is None:
        table.add_row("not a dead letter", visible(f"Other bytes, so their source is unknown. {entry.foreign}"))
    else:
        _add_facts(table, facts)
    for name, value in original.headers.items():
        shown = visible(value.decode("utf-8", "surrogateescape"), limit=HEADER_SHOWN)
        table.add_row("header", visible(name, limit=HEADER_SHOWN) + Text(" = ") + shown)
    if len(entry.parts) > 1 or original.missing:
        there = ", ".join(str(position) for _, position in sorted(entry.parts.items()))
        lost = f"; missing: {_numbers(original.missing)}" if original.missing else ""
        table.add_row("parts", f"{len(entry.parts)} of {len(entry.parts) + len(original.missing)} (at {there}{lost})")
    for mark in entry.marks:
        table.add_row(
            "sent back", visible(f"{mark.replayed_at} by {mark.replayed_by} to {mark.destination}", limit=500)
        )
    table.add_row("bytes", f"{len(original.value):,}")
    return table


def _add_facts(table: Table, facts: DeadLetter) -> None:
    where = "topic" if facts.source_topic in topics() else "event hub"
    place = f", {facts.partition}:{facts.offset}" if facts.offset is not None else ""
    again = f", sent back before from {facts.replayed_from}" if facts.replayed_from else ""
    table.add_row("first failed", _failed(facts))
    table.add_row("tries", visible(f"{facts.attempts}{again}", limit=500))
    table.add_row("came from", visible(f"{where} {facts.source_topic}{place}", limit=500))
    table.add_row("key", Text("(none)", style="dim") if facts.key is None else visible(facts.key, limit=500))
    table.add_row("error", visible(facts.error_type, limit=500))
    table.add_row("reason", visible(facts.reason, lines=True))


def _state(entry: Entry) -> Text:
    if entry.marks:
        return Text("sent back", style="green")
    tries = entry.facts.attempts if entry.facts else 1
    return Text(f"failed {tries} times", style="red") if tries > 1 else Text("")


def _incomplete(entry: Entry) -> Text:
    return Text(f"[parts {_numbers(entry.missing)} missing] " if entry.missing else "", style="yellow")


def _numbers(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:5]))
    return f"{shown} and {len(numbers) - 5} more" if len(numbers) > 5 else shown


def _failed(facts: DeadLetter) -> Text:
    try:
        moment = datetime.fromisoformat(facts.first_failed_at).astimezone(UTC)
    except (ValueError, OverflowError):
        return visible(facts.first_failed_at, limit=30)
    return Text(_written(moment))


def _moment(milliseconds: int) -> str:
    try:
        return _written(datetime.fromtimestamp(milliseconds / 1000, UTC))
    except (ValueError, OverflowError, OSError):  # any producer may claim any time
        return "?"


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"
