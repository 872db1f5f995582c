"""The bodies that Sentinel's data arrives in: Log Analytics' export envelope ``{"records": [...]}``, rows in an array,
or one bare row. Cuts a body into rows; what a row says is the readers' business.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from shared.errors import InvalidInput

MAX_BODY_BYTES = 1_048_576  # one event of Event Hubs (1 MiB)
MAX_ROWS = 5_000  # of one body; more would turn one hostile event into a flood of messages
MAX_DEPTH = 64
DECODER = json.JSONDecoder()


def read_rows(body: bytes) -> list[Any]:
    """The rows of one body, unchecked. Raises InvalidInput when it is too large, no JSON, or no known envelope."""
    if len(body) > MAX_BODY_BYTES:
        raise InvalidInput("body", got=f"{len(body)} bytes", expected=f"at most {MAX_BODY_BYTES} bytes")
    value = _decode(body)
    if isinstance(value, dict) and "records" in value:
        value = value["records"]
        if not isinstance(value, list):
            raise InvalidInput("records", got=value, expected="an array of rows")
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list) and len(value) > MAX_ROWS:
        raise InvalidInput("body", got=f"{len(value)} rows", expected=f"at most {MAX_ROWS} rows")
    if isinstance(value, list):
        return value
    raise InvalidInput("body", got=value, expected='{"records": [...]}, an array of rows, or one row')


def rows_as_bytes(body: bytes, count: int) -> list[bytes]:
    """The bytes of each of the ``count`` rows that read_rows found, as they stood in ``body``.

    Where a row cannot be cut out (only the lenient reader took the body) it is the whole body: rather more than less.
    """
    encoding = json.detect_encoding(body)
    try:
        text = body.decode(encoding)
        spans = _items(text, _rows_start(text))
    except (ValueError, IndexError, RecursionError):
        spans = []
    if len(spans) != count:
        return [body] * count
    return [span.encode(encoding.removesuffix("-sig")) for span in spans]


def storable(value: Any, depth: int = 0) -> Any:
    """The value without NUL, which PostgreSQL's jsonb refuses. Raises InvalidInput below MAX_DEPTH levels."""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if depth > MAX_DEPTH:
        raise InvalidInput(
            "row", got=f"more than {MAX_DEPTH} levels", expected=f"at most {MAX_DEPTH} levels of nesting"
        )
    if isinstance(value, dict):
        return {storable(name): storable(item, depth + 1) for name, item in value.items()}
    if isinstance(value, list):
        return [storable(item, depth + 1) for item in value]
    return value


def _rows_start(text: str) -> int:
    """Where the array of rows opens; like every JSON reader, the last one of several `records` counts."""
    position = _skip(text, 0, " \t\r\n\ufeff")
    if text[position] == "[":
        return position
    start, position = -1, position + 1
    while text[position := _skip(text, position, " \t\r\n,")] != "}":
        name, position = DECODER.raw_decode(text, position)
        position = _skip(text, position, " \t\r\n:")
        start = position if name == "records" else start
        _, position = DECODER.raw_decode(text, position)
    return start


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
