"""Entities parsed from an alert, in the seed's ten categories (spec/data-model §2.2)."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from pydantic import Field

from shared.contracts.contract import Contract


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
        """These entities and what a later message about the same alert adds to them."""
        known = {_identity(entity) for entity in self.all()}
        added = {name: [one for one in getattr(later, name) if _identity(one) not in known] for name in CATEGORIES}
        changes: dict[str, Any] = {name: [*getattr(self, name), *more] for name, more in added.items() if more}
        for name in ("raw_iocs", "parse_errors"):
            changes[name] = list(dict.fromkeys([*getattr(self, name), *getattr(later, name)]))
        return self.model_copy(update={**changes, "losses": max(self.losses, later.losses)})


def _identity(entity: NormalizedEntity) -> tuple[Any, ...]:
    telling = (entity.properties.get(name) for name in ("process_id", "full_path"))
    return (entity.entity_type, entity.primary_value.casefold(), *telling)


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
