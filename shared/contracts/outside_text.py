"""Text and JSON from outside: made fit for every store and encoder, and read leniently, as no alert may be lost.

PostgreSQL keeps no NUL, UTF-8 has no lone surrogates, JSON no NaN. Only hostile or broken senders send them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from pydantic_core import from_json

from shared.errors import InvalidInput

MAX_DEPTH = 64  # levels of nesting
INTEGER_BITS, FLOAT_BITS = 63, 1_023  # wider integers become floats, as orjson reads them; beyond these, null
REPLACEMENT = "\ufffd"
# Brackets and commas of one text. A megabyte can hold a million of them, which takes any reader a tenth of a second.
MAX_ITEMS = 25_000
CHUNK = 16_384  # characters
NUL = rb"\u0000"  # as JSON writes it


def encodable(text: str) -> str:
    """The text with lone surrogates, which have no UTF-8 form, replaced."""
    return text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def storable_text(text: str) -> str:
    """The text as every store takes it: each NUL and each lone surrogate is a replacement character."""
    return encodable(text.replace("\x00", REPLACEMENT))


def bounded_number(value: Any) -> Any:
    """A number as JSON and 64 bits hold it: NaN, infinities and the widest integers become null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and value.bit_length() > INTEGER_BITS:
        return float(value) if value.bit_length() <= FLOAT_BITS else None
    return value


def storable(value: Any, depth: int = 0, *, number: Callable[[Any], Any] = bounded_number) -> Any:
    """A JSON-like value as every store takes it: no NUL, no lone surrogate; ``number`` treats the rest.

    Raises InvalidInput below MAX_DEPTH levels.
    """
    if isinstance(value, str):
        return storable_text(str(value))  # an enum's member becomes its plain text
    if not isinstance(value, (Mapping, list, tuple, set, frozenset)):
        return number(value)
    if depth > MAX_DEPTH:
        raise InvalidInput(
            "value", got=f"more than {MAX_DEPTH} levels", expected=f"at most {MAX_DEPTH} levels of nesting"
        )
    if isinstance(value, Mapping):
        return {storable_text(str(name)): storable(item, depth + 1, number=number) for name, item in value.items()}
    return [storable(item, depth + 1, number=number) for item in value]


def storable_json(value: Any) -> bytes:
    """JSON of a value as every store takes it, see :func:`storable`; what holds nothing wrong is not walked through.

    Raises InvalidInput.
    """
    try:
        data = orjson.dumps(value)
    except orjson.JSONEncodeError:  # a lone surrogate, a wide integer, too many levels
        return orjson.dumps(storable(value))
    return orjson.dumps(storable(value)) if NUL in data else data


def read_json(data: bytes) -> Any:
    """JSON in UTF-8 or UTF-16, with a byte order mark, NaN or lone surrogates if need be. Raises InvalidInput."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass  # the slower reader below knows more dialects
    try:
        text = data.decode(json.detect_encoding(data))
        value = json.loads(text.removeprefix("\ufeff"), parse_constant=lambda _: None)
        return orjson.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        shown = data[:200].decode("utf-8", "replace")
        raise InvalidInput("body", got=shown, expected="JSON", hint=f"{error}"[:200]) from error


def read_json_text(text: str) -> tuple[Any, str]:
    """The value of JSON that stands as text in an alert, and what of it was not read ("" when it was read whole).

    NaN, lone surrogates and a byte order mark are taken; of a text that was cut off, or that holds more than
    MAX_ITEMS, the beginning is read. Raises InvalidInput for everything that is no JSON or is nested too deep.
    """
    beginning = _bounded(text)
    if beginning is not text:
        return _begun(beginning), f"more than {MAX_ITEMS} values, the text was read to character {len(beginning)}"
    try:
        return orjson.loads(text), ""
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        pass  # the readers below know more dialects
    text = encodable(text)
    try:
        return from_json(text), ""
    except ValueError:
        pass
    try:
        return json.loads(text.lstrip("\ufeff")), ""
    except (ValueError, RecursionError):
        return _begun(text), f"the JSON ends or breaks off after {len(text)} characters, what came before was read"


def holds_json(text: str) -> bool:
    """Whether a string looks like an object or an array."""
    return text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[")


def _begun(text: str) -> Any:
    try:
        return from_json(encodable(text), allow_partial=True)
    except ValueError as error:
        raise InvalidInput("entities", got=text, expected="a JSON array of entities", hint=str(error)[:200]) from error


def _bounded(text: str) -> str:
    """The text itself, or its beginning with at most MAX_ITEMS brackets and commas."""
    if len(text) <= MAX_ITEMS or _items(text) <= MAX_ITEMS:
        return text
    total = 0
    for start in range(0, len(text), CHUNK):
        total += _items(text[start : start + CHUNK])
        if total > MAX_ITEMS:
            return text[:start]
    return text


def _items(text: str) -> int:
    return text.count(",") + text.count("{") + text.count("[")
