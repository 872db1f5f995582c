"""Entities parsed from an alert, in the seed's ten categories (spec/data-model §2.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from pydantic import Field

from shared.contracts.contract import Contract

MAX_ENTITIES = 1_000  # of one alert, whatever the number of its messages
MAX_LISTED = 2_000  # indicators, and lines of the loss ledger, that the messages of one alert add up to


class EntityType(StrEnum):
    """Kinds of entity, as Sentinel names them, in lower case."""

    ACCOUNT = "account"
    HOST = "host"
    IP = "ip"
    FILE = "file"
    PROCESS = "process"
    URL = "url"
    DNS = "dns"
    FILEHASH = "filehash"
    MAILBOX = "mailbox"
    MAILMESSAGE = "mailmessage"
    REGISTRY_KEY = "registry-key"
    REGISTRY_VALUE = "registry-value"
    SECURITY_GROUP = "security-group"
    CLOUD_APPLICATION = "cloud-application"
    MALWARE = "malware"
    VULNERABILITY = "vulnerability"  # a CVE
    AUTONOMOUS_SYSTEM = "autonomous-system"
    CRYPTOCURRENCY_ADDRESS = "cryptocurrency-address"


class NormalizedEntity(Contract):
    """One entity: what it is, the value it is known by, and what else the alert said about it."""

    entity_type: EntityType
    primary_value: str
    properties: dict[str, Any] = Field(default_factory=dict)
    confidence: float = Field(default=1.0, ge=0, le=1)  # 0.6 for what was found in free text
    source_id: str | None = None  # `$id` in the alert
    # Where it stood: a JSON Pointer (RFC 6901) into `entities_raw`, or `raw_payload` and a pointer into that.
    source_pointer: str = ""

    def with_more(self, properties: Mapping[str, Any]) -> NormalizedEntity:
        """The same entity with the properties that it lacks."""
        if properties.keys() <= self.properties.keys():
            return self
        return self.model_copy(update={"properties": {**properties, **self.properties}})


class AlertEntities(Contract):
    """Everything parsed from one alert. ``parse_errors`` is the loss ledger: what could not be mapped, and why.

    A hostile alert has no end of losses, so the ledger is bounded; ``losses`` counts all of them.
    """

    accounts: list[NormalizedEntity] = Field(default_factory=list)
    hosts: list[NormalizedEntity] = Field(default_factory=list)
    ips: list[NormalizedEntity] = Field(default_factory=list)
    files: list[NormalizedEntity] = Field(default_factory=list)
    processes: list[NormalizedEntity] = Field(default_factory=list)
    urls: list[NormalizedEntity] = Field(default_factory=list)
    dns_records: list[NormalizedEntity] = Field(default_factory=list)
    file_hashes: list[NormalizedEntity] = Field(default_factory=list)
    mailboxes: list[NormalizedEntity] = Field(default_factory=list)
    other: list[NormalizedEntity] = Field(default_factory=list)
    raw_iocs: list[str] = Field(default_factory=list)
    parse_errors: list[str] = Field(default_factory=list)
    losses: int = Field(default=0, ge=0)

    def all(self) -> Iterator[NormalizedEntity]:
        """Every entity, category by category in the seed's order."""
        for category in CATEGORIES:
            yield from getattr(self, category)

    def merged_with(self, later: AlertEntities) -> AlertEntities:
        """These entities and what a later message about the same alert adds to them, up to MAX_ENTITIES."""
        changes: dict[str, Any] = {}
        room, over = MAX_ENTITIES - sum(1 for _ in self.all()), 0
        for name in CATEGORIES:
            kept = {_identity(entity): entity for entity in getattr(self, name)}
            for entity in getattr(later, name):
                known = kept.get(_identity(entity))
                if known is not None:
                    kept[_identity(entity)] = known.with_more(entity.properties)
                elif room > 0:
                    kept[_identity(entity)] = entity
                    room -= 1
                else:
                    over += 1
            changes[name] = list(kept.values())
        lost = [f"entities: {over} of a later message were not kept, there are {MAX_ENTITIES}"] if over else []
        for name, more in (("raw_iocs", []), ("parse_errors", lost)):
            changes[name] = list(dict.fromkeys([*getattr(self, name), *getattr(later, name), *more]))[:MAX_LISTED]
        return self.model_copy(update={**changes, "losses": max(self.losses, later.losses) + over})


def _identity(entity: NormalizedEntity) -> tuple[Any, ...]:
    value = entity.primary_value.casefold()
    telling = [str(entity.properties.get(name, "")) for name in ("process_id", "command_line", "full_path")]
    domain = "" if "@" in value else str(entity.properties.get("nt_domain", "")).casefold()
    return (entity.entity_type, value, domain, *telling)


CATEGORIES = (
    "accounts",
    "hosts",
    "ips",
    "files",
    "processes",
    "urls",
    "dns_records",
    "file_hashes",
    "mailboxes",
    "other",
)
