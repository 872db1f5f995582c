"""Indicators seen in free text, before they are kept, and the places where they stand."""

from __future__ import annotations

from typing import NamedTuple

from shared.contracts.entity import EntityType

type Piece = tuple[int, int]  # start and end of a part of the text, in bytes


class Sighting(NamedTuple):
    """Its kind, the value it is known by, and what else the text said about it."""

    kind: EntityType
    value: str
    properties: dict[str, str] | None = None


class Span(NamedTuple):
    """Start and end in the text, in bytes, and what stands there; without an end where the allowance was used up."""

    start: int
    end: int | None
    seen: list[Sighting]
