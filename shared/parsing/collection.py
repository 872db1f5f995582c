"""The entities found in one alert while they are gathered: deduplicated, bounded, with every loss on the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.contracts.entity import MAX_ENTITIES, AlertEntities, EntityType

MAX_LOSSES = 100  # lines of the ledger; a hostile alert must not fill the topic with them
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


# Two objects may speak of one entity: what both say of these is kept side by side.
SIDE_BY_SIDE = ("roles", "threat_analysis", "tags", "logged_on_users")
MOST_SIDE_BY_SIDE = 20


def _combined(known: dict[str, Any], later: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of one entity from two objects: the first word counts, what may stand side by side is joined."""
    combined = {**later, **known}
    for name in SIDE_BY_SIDE:
        if name in later and name in known:
            combined[name] = list(dict.fromkeys([*known[name], *later[name]]))[:MOST_SIDE_BY_SIDE]
    if "extra" in later and "extra" in known:
        extra = dict(known["extra"])
        for name, item in later["extra"].items():
            before = extra.setdefault(name, item)
            if before != item:
                values = before if isinstance(before, list) else [before]
                extra[name] = values if item in values else [*values, item][:MOST_SIDE_BY_SIDE]
        combined["extra"] = extra
    return combined


class Collection:
    """Takes entities and losses in any order; ``build`` gives the AlertEntities."""

    __slots__ = ("_categories", "_found", "_losses", "_over", "_total")

    def __init__(self) -> None:
        self._found: dict[tuple[Any, ...], dict[str, Any]] = {}  # the fields of NormalizedEntity
        self._categories: dict[str, list[dict[str, Any]]] = {}  # the same dicts
        self._losses: dict[str, None] = {}  # in order, each once
        self._total = 0
        self._over = 0

    def __len__(self) -> int:
        return len(self._found)

    @property
    def full(self) -> bool:
        """Whether no further entity would be kept."""
        return len(self._found) >= MAX_ENTITIES

    def add(  # noqa: PLR0913 - the fields of one entity
        self,
        kind: EntityType,
        value: str,
        properties: Mapping[str, Any] | None = None,
        *,
        source_id: str | None = None,
        pointer: str = "",
        confidence: float = 1.0,
    ) -> None:
        """Keep one entity. A second sight of the same one only fills in what the first did not say."""
        given = properties or {}
        if not all(given.values()):
            given = {name: item for name, item in given.items() if item or item == 0}
        identity = IDENTITY.get(kind)
        key: tuple[Any, ...] = (kind, value.lower(), *map(given.get, identity)) if identity else (kind, value.lower())
        if kind is EntityType.ACCOUNT and "@" not in value and (domain := given.get("nt_domain")):
            key = (*key, domain.lower())  # two domains may have a user of one name each
        known = self._found.get(key)
        if known is not None:
            known["properties"] = _combined(known["properties"], given)
            known["confidence"] = max(known["confidence"], confidence)
            known["source_id"] = known["source_id"] or source_id
        elif len(self._found) < MAX_ENTITIES:
            fields = {
                "entity_type": kind,
                "primary_value": value,
                "properties": given,
                "confidence": confidence,
                "source_id": source_id,
                "source_pointer": pointer,
            }
            self._found[key] = fields
            self._categories.setdefault(CATEGORY.get(kind, "other"), []).append(fields)
        else:
            self._over += 1

    def processes(self) -> list[dict[str, Any]]:
        """The processes so far, as the fields of their entities; their properties may be replaced."""
        return list(self._categories.get("processes", ()))

    def lose(self, where: str, reason: str, *, count: int = 1) -> None:
        """Put on the record what could not be mapped; ``count`` is how many values that is."""
        self._total += count
        if len(self._losses) < MAX_LOSSES:
            self._losses[f"{where or '/'}: {reason}"] = None

    def build(self) -> AlertEntities:
        """Everything kept, by category, in order of first sight. Validated."""
        kept = self._categories
        indicators = [item["primary_value"] for name in INDICATOR_CATEGORIES for item in kept.get(name, ())]
        return AlertEntities.model_validate({
            **kept,
            "raw_iocs": list(dict.fromkeys(indicators)),
            "parse_errors": self._ledger(),
            "losses": self._total + self._over,
        })  # fmt: skip

    def _ledger(self) -> list[str]:
        lines = list(self._losses)
        if self._over:
            lines.append(f"entities: {self._over} beyond the first {MAX_ENTITIES} were not kept")
        if self._total > MAX_LOSSES and len(self._losses) == MAX_LOSSES:
            lines.append(f"losses: only the first {MAX_LOSSES} are listed")
        return lines
