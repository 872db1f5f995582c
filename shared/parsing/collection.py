"""The entities found in one alert while they are gathered: deduplicated, bounded, with every loss on the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.contracts.entity import AlertEntities, EntityType, NormalizedEntity

MAX_ENTITIES = 1_000
MAX_LOSSES = 100  # lines of parse_errors; a hostile alert must not fill the topic with them
SCATTERED = 0.6  # confidence in what was found in free text

CATEGORY = {
    EntityType.ACCOUNT: "accounts",
    EntityType.HOST: "hosts",
    EntityType.IP: "ips",
    EntityType.FILE: "files",
    EntityType.PROCESS: "processes",
    EntityType.URL: "urls",
    EntityType.DNS: "dns_records",
    EntityType.FILEHASH: "file_hashes",
    EntityType.MAILBOX: "mailboxes",
}
INDICATOR_CATEGORIES = ("ips", "file_hashes", "urls", "dns_records")
# Two processes of one image, or two files of one name, are different things when these differ.
IDENTITY = {EntityType.PROCESS: ("process_id", "command_line"), EntityType.FILE: ("full_path",)}


@dataclass(slots=True)
class _Found:
    kind: EntityType
    value: str
    properties: dict[str, Any]
    confidence: float
    source_id: str | None


class Collection:
    """Takes entities and losses in any order; ``build`` gives the AlertEntities."""

    def __init__(self) -> None:
        self._found: dict[tuple[Any, ...], _Found] = {}
        self._losses: dict[str, None] = {}  # in order, each once
        self._unlisted = 0
        self._over = 0

    def __len__(self) -> int:
        return len(self._found)

    def add(
        self,
        kind: EntityType,
        value: str,
        properties: Mapping[str, Any] | None = None,
        *,
        source_id: str | None = None,
        confidence: float = 1.0,
    ) -> None:
        """Keep one entity. A second sight of the same one only fills in what the first did not say."""
        given = {name: item for name, item in (properties or {}).items() if item not in ("", None, [])}
        key = (kind, value.lower(), *(given.get(name) for name in IDENTITY.get(kind, ())))
        known = self._found.get(key)
        if known is not None:
            known.properties = given | known.properties
            known.confidence = max(known.confidence, confidence)
            known.source_id = known.source_id or source_id
        elif len(self._found) < MAX_ENTITIES:
            self._found[key] = _Found(kind, value, given, confidence, source_id)
        else:
            self._over += 1

    def lose(self, where: str, reason: str) -> None:
        """Put on the record what could not be mapped."""
        line = f"{where}: {reason}"
        if len(self._losses) < MAX_LOSSES:
            self._losses[line] = None
        elif line not in self._losses:
            self._unlisted += 1

    def build(self) -> AlertEntities:
        """Everything kept, by category, in order of first sight."""
        categories: dict[str, list[NormalizedEntity]] = {}
        for item in self._found.values():
            entity = NormalizedEntity(
                entity_type=item.kind,
                primary_value=item.value,
                properties=item.properties,
                confidence=item.confidence,
                source_id=item.source_id,
            )
            categories.setdefault(CATEGORY.get(item.kind, "other"), []).append(entity)
        indicators = (item.primary_value for name in INDICATOR_CATEGORIES for item in categories.get(name, ()))
        return AlertEntities(**categories, raw_iocs=list(dict.fromkeys(indicators)), parse_errors=self._all_losses())

    def _all_losses(self) -> list[str]:
        losses = list(self._losses)
        if self._over:
            losses.append(f"entities: {self._over} beyond the first {MAX_ENTITIES} were not kept")
        if self._unlisted:
            losses.append(f"parse_errors: {self._unlisted} more are not listed")
        return losses
