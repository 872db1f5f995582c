"""What must hold of entities whatever they were parsed from (issue: values cleaned and bounded)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shared.contracts.entity import AlertEntities

MAX_ENTITIES = 1_000
MAX_CHARACTERS = 2_048


def check_entities(found: AlertEntities) -> None:
    """AssertionError unless the entities are bounded and survive the way through Kafka."""
    entities = list(found.all())
    assert len(entities) <= MAX_ENTITIES, f"{len(entities)} entities"
    for entity in entities:
        for text in _texts([entity.primary_value, entity.properties]):
            assert len(text) <= MAX_CHARACTERS, f"a value of {len(text)} characters"
            assert "\x00" not in text, "NUL, which PostgreSQL refuses"
    assert AlertEntities.from_json(found.to_json()) == found


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
