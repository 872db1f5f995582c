"""Rows of a log made fit to be evidence: texts only, without what no store takes, and bounded. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from shared.contracts.outside_text import storable_text

CELL = 300  # characters; an encoded command can have thousands
LISTED = 15  # items of a cell that is a list
ANSWER = 4_000  # characters of one answer: what a page of print holds

Cells = dict[str, str | list[str]]


def evidence_rows(rows: Sequence[Mapping[str, Any]], *, most: int) -> tuple[list[Cells], str]:
    """The first rows that have room, and a sentence when some have none."""
    kept: list[Cells] = []
    room = ANSWER
    for row in rows[:most]:
        cells = {storable_text(name)[:CELL]: text for name, value in row.items() if (text := _cell(value))}
        room -= len(json.dumps(cells, ensure_ascii=False))
        if room < 0:
            break
        kept.append(cells)
    return kept, "" if len(kept) == len(rows) else f"{len(kept)} of {len(rows)} rows are kept"


def _cell(value: Any) -> str | list[str]:
    """Text, or a list of texts for a list; empty for nothing."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    text = storable_text(value if isinstance(value, str) else json.dumps(value, default=str))
    listed = _list(text) if text.startswith("[") else None
    return _cut(text) if listed is None else [_cut(storable_text(str(item))) for item in listed[:LISTED]]


def _list(text: str) -> list[Any] | None:
    """The service gives a dynamic value as JSON text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value) else None


def _cut(text: str) -> str:
    return text if len(text) <= CELL else f"{text[: CELL - 1]}…"
