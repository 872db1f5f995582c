"""A part of an ordered list, as readers of tables are asked for it and give it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Which part: at most ``limit`` rows behind the row whose key is ``after``, or from the beginning."""

    after: tuple[Any, ...] | None = None
    limit: int
    ascending: bool = False

    @property
    def look_ahead(self) -> int:
        """How many rows to read: one more than is shown says whether another part follows."""
        return self.limit + 1


@dataclass(frozen=True, slots=True)
class Listed[T]:
    """The part; ``last`` is the key of its last row when another part follows."""

    rows: list[T]
    last: tuple[Any, ...] | None


def listed[T](rows: Sequence[T], listing: Listing, key: Callable[[T], tuple[Any, ...]]) -> Listed[T]:
    """The part out of ``listing.look_ahead`` rows at most."""
    shown = list(rows[: listing.limit])
    return Listed(shown, key(shown[-1]) if len(rows) > listing.limit else None)
