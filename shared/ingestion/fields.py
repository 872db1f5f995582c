"""One JSON object of a source, as its reader asks for it: by any of several names, its own keys in any case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

import orjson

from shared.errors import InvalidInput

MAX_PARTS = 1_000  # items of one list that a reader looks at; the payload keeps all
MAX_OBJECTS = 2_000  # of all lists of one row together, as lists stand in lists; reading one takes up to 50 us
EMPTY: tuple[Any, ...] = (None, "", [], {})
LATEST_SECONDS = 10_000_000_000  # an epoch time beyond the year 2286 is meant in milliseconds


@dataclass(slots=True)
class _Reach:
    """How far the lists of one row are read, and which of them were cut."""

    objects: int = MAX_OBJECTS
    cut: dict[str, None] = field(default_factory=dict)


class Fields:
    """``shape`` names the object in errors. A dotted name finds ``{"a": {"b": 1}}`` as well as ``{"a.b": 1}``;
    below the first level the case counts.
    """

    def __init__(self, shape: str, values: Any, reach: _Reach | None = None) -> None:
        self.shape = shape
        self._values = _lowered(values)
        self._beginnings = {name.partition(".")[0] for name in self._values}  # most names asked for are not there
        self._reach = reach or _Reach()

    def cuts(self) -> tuple[str, ...]:
        """A flag for each list, of this row up to now, that was longer than is read."""
        return tuple(f"list_cut:{name}" for name in self._reach.cut)

    def is_empty(self) -> bool:
        """Whether no key holds anything."""
        return all(value in EMPTY for value in self._values.values())

    def get(self, *names: str) -> Any:
        """The first of these that holds something; None when none does."""
        for name in names:
            key = name.lower()
            if key.partition(".")[0] not in self._beginnings:
                continue
            value = _found(self._values, key, name)
            if value is not None and value not in EMPTY:
                return value
        return None

    def text(self, *names: str) -> str:
        """The first of these that holds text, without blanks around it; of a list, its first text."""
        for name in names:
            value = self.get(name)
            for item in value if isinstance(value, list) else (value,):
                if isinstance(item, str) and (text := item.strip()):
                    return text
        return ""

    def required(self, *names: str, expected: str = "a non-empty text", hint: str = "") -> str:
        """As text, or InvalidInput that names the first of ``names``."""
        if text := self.text(*names):
            return text
        raise InvalidInput(f"{self.shape}.{names[0]}", got=self.get(*names), expected=expected, hint=hint)

    def texts(self, *names: str) -> list[str]:
        """Every text that these hold, each once; a list counts as its items."""
        held = (self._bounded(name, _as_list(self.get(name))) for name in names)
        found = (item.strip() for items in held for item in items if isinstance(item, str))
        return list(dict.fromkeys(text for text in found if text))

    def lines(self, *names: str) -> list[str]:
        """Every line of the texts that these hold, each once."""
        texts = ((name, text) for name in names for text in self.texts(name))
        parted = (self._bounded(name, text.split("\n", MAX_PARTS)) for name, text in texts)
        return list(dict.fromkeys(line for lines in parted for item in lines if (line := item.strip())))

    def scalar(self, *names: str) -> str | int | float | None:
        """The first of these that holds a text or a number; of a list, its first item."""
        values = (next(iter(_as_list(self.get(name))), None) for name in names)
        return next(
            (item for item in values if isinstance(item, str | int | float) and not isinstance(item, bool)), None
        )

    def part(self, *names: str) -> Self:
        """The object that one of these holds, also as JSON in a string; an empty one when none does."""
        held = next((held for name in names if (held := _object(self.get(name)))), {})
        return type(self)(self.shape, held, self._reach)

    def parts(self, *names: str) -> Iterator[Self]:
        """The objects that these hold, one or a list, also as JSON in a string."""
        for name in names:
            value = self.get(name)
            items = _as_list(_decoded(value) if isinstance(value, str) else value)
            items = self._bounded(name, items, self._reach.objects)
            self._reach.objects -= len(items)
            for item in items:
                if held := _object(item):
                    yield type(self)(self.shape, held, self._reach)

    def listed(self, *names: str) -> list[str]:
        """As `texts`, and a JSON array in a string counts as its items too."""
        held = (_decoded_list(self.get(name)) for name in names)
        return [item for items in held for item in items if isinstance(item, str)]

    def _bounded(self, name: str, items: list[Any], limit: int = MAX_PARTS) -> list[Any]:
        limit = min(limit, MAX_PARTS)
        if len(items) > limit:
            self._reach.cut[name] = None
        return items[:limit]

    def whole(self, kind: str) -> dict[str, Any]:
        """Everything, as an entity of a type that we have no form for; {} when there is nothing."""
        held = {name: value for name, value in self._values.items() if name != "type"}
        return {"Type": kind, **held} if held else {}

    def time(self, *names: str, otherwise: str = "") -> str:
        """The first of these that can be read, as it was written when it is ISO 8601, else from seconds or
        milliseconds since 1970; ``otherwise`` is read last. Raises InvalidInput that names the first.
        """
        for value in (*map(self.scalar, names), otherwise):
            if text := _iso_8601(value):
                return text
        raise InvalidInput(f"{self.shape}.{names[0]}", got=self.get(*names), expected="a time in ISO 8601")


def _lowered(values: Any) -> Mapping[str, Any]:
    return {name.lower(): value for name, value in values.items()} if isinstance(values, dict) else {}


def _found(values: Mapping[str, Any], key: str, name: str) -> Any:
    """What stands under ``name``, whose spelling at this level is ``key``: whole, or parted at one of its dots."""
    found = values.get(key)
    end = len(key)
    while found is None and (end := key.rfind(".", 0, end)) > 0:
        held = values.get(key[:end])
        if isinstance(held, dict):
            found = _found(held, name[end + 1 :], name[end + 1 :])
    return found


def _object(value: Any) -> dict[str, Any]:
    held = _decoded(value) if isinstance(value, str) else value
    return held if isinstance(held, dict) else {}


def _decoded(text: str) -> Any:
    try:
        return orjson.loads(text) if text.lstrip()[:1] in ("{", "[") else None
    except orjson.JSONDecodeError:
        return None


def _decoded_list(value: Any) -> list[Any]:
    decoded = _decoded(value) if isinstance(value, str) else value
    return decoded if isinstance(decoded, list) else [value]


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _iso_8601(value: str | int | float | None) -> str:
    if isinstance(value, str):
        try:
            datetime.fromisoformat(value.strip())
            return value.strip()
        except ValueError:
            pass  # perhaps a number in a text
    try:
        seconds = float(value or "")
        return datetime.fromtimestamp(seconds if seconds < LATEST_SECONDS else seconds / 1000, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return ""
