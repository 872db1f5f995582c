"""What the readers of all formats share: documents, times and fields of a JSON value that anybody may have sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from shared.contracts.outside_text import read_json
from shared.errors import InvalidInput

Row = dict[str, Any]


def documents(body: bytes) -> Iterator[Mapping[str, Any]]:
    """The JSON objects of a body: one, an array, or one a line. Raises InvalidInput."""
    try:
        found = read_json(body)
    except InvalidInput:
        lines = [line for line in body.splitlines() if line.strip()]
        if len(lines) < 2:
            raise
        found = [read_json(line) for line in lines]
    for one in found if isinstance(found, list) else [found]:
        if not isinstance(one, Mapping):
            raise InvalidInput("document", got=type(one).__name__, expected="a JSON object")
        yield one


def at(value: Any, path: str) -> Any:
    """The value at a dotted path, or None."""
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def items(value: Any) -> Iterator[Mapping[str, Any]]:
    """The objects of a list; of anything else none."""
    return (one for one in (value if isinstance(value, list) else ()) if isinstance(one, Mapping))


def needed(value: Any, path: str) -> Any:
    """As :func:`at`, but it must be there. Raises InvalidInput."""
    found = at(value, path)
    if found is None or found == "":
        raise InvalidInput(path, got=found, expected="a value")
    return found


def moment(value: Any, *, unit: float = 1.0) -> str:
    """A time as ISO 8601 in UTC; a number counts units of ``unit`` seconds since 1970. Raises InvalidInput."""
    if isinstance(value, str) and not value.strip().lstrip("-").isdigit():
        return value
    try:
        return datetime.fromtimestamp(float(value) * unit, UTC).isoformat()
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise InvalidInput("time", got=value, expected="ISO 8601, or a number since 1970") from error


def without_blanks(row: Mapping[str, Any]) -> Row:
    """The row without what nobody said: its table has a default or NULL for that."""
    return {name: value for name, value in row.items() if value is not None}


def first(values: Iterable[Any]) -> Any:
    """The first that is there, or None."""
    return next((value for value in values if value is not None and value != ""), None)
