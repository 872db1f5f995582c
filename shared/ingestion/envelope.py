"""The bodies that alerts arrive in: an envelope such as ``{"records": [...]}``, rows in an array, one bare row, or one
row a line. Cuts a body into rows; what a row says is the readers' business.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from shared.contracts.outside_text import read_json
from shared.errors import InvalidInput

MAX_BODY_BYTES = 1_048_576  # one event of Event Hubs (1 MiB)
MAX_ROWS = 5_000  # of one body; more would turn one hostile event into a flood of messages
DECODER = json.JSONDecoder()

# Log Analytics' export and the streaming API of Defender XDR; a list that Microsoft Graph or Azure's API answers with.
MICROSOFT = ("records", "value")


def read_rows(body: bytes, envelopes: Sequence[str] = MICROSOFT) -> list[Any]:
    """The rows of one body, unchecked; ``envelopes`` are the keys that an array of rows may stand under.

    Where rows are lines, a line that is no JSON stands as the InvalidInput that it is. Raises InvalidInput when the
    body is too large, no JSON, or no known envelope.
    """
    if len(body) > MAX_BODY_BYTES:
        raise InvalidInput("body", got=f"{len(body)} bytes", expected=f"at most {MAX_BODY_BYTES} bytes")
    try:
        return _bounded(_rows(read_json(body), envelopes))
    except InvalidInput:
        if (lines := _lines(body)) is None:
            raise
        return [_line(line) for line in _bounded(lines)]


def rows_as_bytes(body: bytes, count: int, envelopes: Sequence[str] = MICROSOFT) -> list[bytes]:
    """The bytes of each of the ``count`` rows that read_rows found, as they stood in ``body``.

    Where a row cannot be cut out (only the lenient reader took the body) it is the whole body: rather more than less.
    """
    if (lines := _lines(body)) is not None and len(lines) == count:
        return lines
    encoding = json.detect_encoding(body)
    try:
        text = body.decode(encoding)
        spans = _items(text, _rows_start(text, envelopes))
    except (ValueError, IndexError, RecursionError):
        spans = []
    if len(spans) != count:
        return [body] * count
    return [span.encode(encoding.removesuffix("-sig")) for span in spans]


def row_text(row: bytes) -> str:
    """What rows_as_bytes cut out, as characters."""
    return row.decode(json.detect_encoding(row), "replace")


def _bounded[T](rows: list[T]) -> list[T]:
    if len(rows) > MAX_ROWS:
        raise InvalidInput("body", got=f"{len(rows)} rows", expected=f"at most {MAX_ROWS} rows")
    return rows


def _rows(value: Any, envelopes: Sequence[str]) -> list[Any]:
    if isinstance(value, dict):
        name = next((name for name in envelopes if name in value), None)
        if name is None:
            return [value]
        value = value[name]
        if not isinstance(value, list):
            raise InvalidInput(name, got=value, expected="an array of rows")
    if isinstance(value, list):
        return value
    raise InvalidInput("body", got=value, expected=f'{{"{envelopes[0]}": [...]}}, an array of rows, or one row')


def _lines(body: bytes) -> list[bytes] | None:
    """The lines of a body with one row a line, blank ones left out; None when the first line alone is no object."""
    try:
        lines = [line for line in body.split(b"\n") if line.strip()]
        if len(lines) > 1 and isinstance(read_json(lines[0]), dict):
            return lines
    except InvalidInput:
        pass
    return None


def _line(line: bytes) -> Any:
    try:
        return read_json(line)
    except InvalidInput as error:
        return error


def _rows_start(text: str, envelopes: Sequence[str]) -> int:
    """Where the array of rows opens; like every JSON reader, the last one of several equal keys counts."""
    position = _skip(text, 0, " \t\r\n\ufeff")
    if text[position] == "[":
        return position
    starts = {}
    position += 1
    while text[position := _skip(text, position, " \t\r\n,")] != "}":
        name, position = DECODER.raw_decode(text, position)
        position = _skip(text, position, " \t\r\n:")
        starts[name] = position
        _, position = DECODER.raw_decode(text, position)
    return next((starts[name] for name in envelopes if name in starts), -1)


def _items(text: str, start: int) -> list[str]:
    """The text of every item of the array that opens at ``start``."""
    if start < 0 or text[start] != "[":
        return []
    items = []
    position = start + 1
    while text[position := _skip(text, position, " \t\r\n,")] != "]":
        _, end = DECODER.raw_decode(text, position)
        items.append(text[position:end])
        position = end
    return items


def _skip(text: str, position: int, characters: str) -> int:
    while text[position] in characters:
        position += 1
    return position
