"""One indicator seen in free text, before it is kept."""

from __future__ import annotations

from typing import NamedTuple

from shared.contracts.entity import EntityType


class Sighting(NamedTuple):
    """Its kind, the value it is known by, and what else the text said about it."""

    kind: EntityType
    value: str
    properties: dict[str, str] | None = None
