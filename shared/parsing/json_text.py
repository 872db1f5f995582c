"""JSON inside an alert, read as leniently as an alert that must not be lost demands, and in bounded time."""

from __future__ import annotations

import json
from typing import Any

import orjson
from pydantic_core import from_json

from shared.errors import InvalidInput
from shared.parsing.value import encodable

# Brackets and commas of one text. A megabyte can hold a million of them, which takes any reader a tenth of a second.
MAX_ITEMS = 25_000
CHUNK = 16_384  # characters


def holds_json(text: str) -> bool:
    """Whether a string looks like an object or an array."""
    return text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[")


def decode(text: str) -> tuple[Any, str]:
    """The value, and what of the text was not read ("" when it was read whole).

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
