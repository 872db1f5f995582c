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
    VULNERABILITY = "vulnerability"
    AUTONOMOUS_SYSTEM = "autonomous-system"
    CRYPTOCURRENCY_ADDRESS = "cryptocurrency-address"


class NormalizedEntity(Contract):
    """One entity: what it is, the value it is known by, and what else the alert said about it."""

    entity_type: EntityType
    primary_value: str
    properties: dict[str, Any] = Field(default_factory=dict)
    confidence: float = Field(default=1.0, ge=0, le=1)  # 0.6 for what was found in free text
    source_id: str | None = None  # `$id` in the alert


class AlertEntities(Contract):
    """Everything parsed from one alert; ``parse_errors`` lists what could not be mapped, so that nothing vanishes."""

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

    def all(self) -> Iterator[NormalizedEntity]:
        """Every entity, category by category in the seed's order."""
        for category in CATEGORIES:
            yield from getattr(self, category)


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
