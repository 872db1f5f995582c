"""What a normaliser is: the layouts of one scanner, each recognised by what is in the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from shared.ctem.finding import Finding, Refused, Tool
from shared.ctem.report import Report
from shared.errors import InvalidInput

# What Python raises on hostile values that a check of ours overlooked: it costs the row, as a known fault does.
UNREADABLE = (InvalidInput, ValueError, ArithmeticError, RecursionError)


@dataclass(frozen=True, slots=True)
class Layout:
    """One layout: ``marks`` says what it is known by, for people whose report is not."""

    name: str
    marks: str
    recognises: Callable[[Report], bool]
    read: Callable[[Report], Iterator[Finding | Refused]]


class Normaliser(Protocol):
    """The layouts of one scanner, the first that fits is taken."""

    tool: ClassVar[Tool]
    layouts: ClassVar[tuple[Layout, ...]]


def layout_of(normaliser: Normaliser, report: Report) -> Layout:
    """The report's layout. Raises InvalidInput that lists what was expected."""
    for layout in normaliser.layouts:
        if layout.recognises(report):
            return layout
    known = "; ".join(f"{layout.name} ({layout.marks})" for layout in normaliser.layouts)
    shown = ", ".join(sorted(report.names)[:12]) or "nothing that has a name"
    raise InvalidInput(f"{normaliser.tool} report", got=f"{report.form} with {shown}", expected=f"one of: {known}")


def findings(rows: Iterable[tuple[str, Any]], read: Callable[[Any], Iterable[Finding]]) -> Iterator[Finding | Refused]:
    """What ``read`` makes of each row; a row that it refuses costs that row."""
    for where, row in rows:
        if isinstance(row, Refused):
            yield row
            continue
        try:
            found = list(read(row))
        except UNREADABLE as error:
            yield Refused(where, str(error))
        else:
            yield from found
