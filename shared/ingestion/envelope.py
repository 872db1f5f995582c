"""The bodies that alerts arrive in: an envelope such as ``{"records": [...]}``, rows in an array, one bare row, or one
row a line. Cuts a body into rows; what a row says is the readers' business.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import orjson

from shared.errors import InvalidInput

MAX_BODY_BYTES = 1_048_576  # one event of Event Hubs (1 MiB)
MAX_ROWS = 5_000  # of one body; more would turn one hostile event into a flood of messages
MAX_DEPTH = 64
INTEGER_BITS, FLOAT_BITS = 63, 1_023  # wider integers become floats, as orjson reads them; beyond these, null
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
        return _bounded(_rows(_decode(body), envelopes))
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


def storable(value: Any, depth: int = 0) -> Any:
    """A JSON value as every store takes it: no NUL, lone surrogate, NaN or integer beyond 64 bits.

    Raises InvalidInput below MAX_DEPTH levels.
    """
    kind = value.__class__
    if kind is str:
        text = value.replace("\x00", "\ufffd")
        return text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if kind is not dict and kind is not list:
        return _number(value)
    if depth > MAX_DEPTH:
        raise InvalidInput(
            "row", got=f"more than {MAX_DEPTH} levels", expected=f"at most {MAX_DEPTH} levels of nesting"
        )
    if not value:
        return value
    if kind is dict:
        return {storable(str(name)): storable(item, depth + 1) for name, item in value.items()}
    return [storable(item, depth + 1) for item in value]


def _number(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and value.bit_length() > INTEGER_BITS:
        return float(value) if value.bit_length() <= FLOAT_BITS else None
    return value


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
        if len(lines) > 1 and isinstance(_decode(lines[0]), dict):
            return lines
    except InvalidInput:
        pass
    return None


def _line(line: bytes) -> Any:
    try:
        return _decode(line)
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


def _decode(body: bytes) -> Any:
    """JSON in UTF-8, or as leniently as an alert that must not be lost demands: BOM, UTF-16, NaN, lone surrogates."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass  # the slower reader below knows more dialects
    try:
        text = body.decode(json.detect_encoding(body))
        value = json.loads(text.removeprefix("\ufeff"), parse_constant=lambda _: None)
        return orjson.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        shown = body[:200].decode("utf-8", "replace")
        raise InvalidInput("body", got=shown, expected="JSON", hint=f"{error}"[:200]) from error
