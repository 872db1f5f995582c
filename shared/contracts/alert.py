"""CanonicalAlert: every source becomes this first (spec/data-model §2.1)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field, field_validator, model_validator

from shared.contracts.contract import Contract
from shared.contracts.entity import AlertEntities
from shared.contracts.tenant import DEFAULT_TENANT, TenantId

# Flags of a message that does not tell the whole alert; a later message about it does.
ENTITIES_MISSING = "entities_missing"  # the source has not filled in the entities yet
EVIDENCE_ONLY = "evidence_only"  # one thing of several that were seen, without the alert's own words
INCOMPLETE = frozenset({ENTITIES_MISSING, EVIDENCE_ONLY})


class SeverityLevel(StrEnum):
    """Severity on the wire, lower case."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFORMATIONAL = "informational"


class CanonicalAlert(Contract):
    """One alert as every later stage sees it. Title, description and entities are written by attackers."""

    alert_id: str = Field(min_length=1, max_length=512)
    source: str = Field(min_length=1, max_length=64)
    timestamp: str  # ISO 8601
    title: str
    description: str = ""
    severity: SeverityLevel = SeverityLevel.MEDIUM
    tactics: list[str] = Field(default_factory=list)
    techniques: list[str] = Field(default_factory=list)
    entities_raw: str = ""
    product: str = ""
    tenant_id: TenantId = DEFAULT_TENANT
    raw_payload: dict[str, Any] = Field(default_factory=dict)
    raw_text: str = ""  # the source's own text of this alert, character for character, where the payload is not enough
    submitted_by: list[str] = Field(default_factory=list)  # subjects of who sent it; none may approve its actions
    flags: list[str] = Field(default_factory=list)  # what intake had to assume, e.g. `severity_unknown:Severe`

    @model_validator(mode="before")
    @classmethod
    def _unknown_severity_is_medium(cls, data: Any) -> Any:
        """An unknown severity never costs an alert: it becomes medium and is flagged."""
        if not isinstance(data, dict):
            return data
        given = data.get("severity")
        text = str(given).strip().lower() if given is not None else ""
        if text in SeverityLevel:
            return {**data, "severity": text}
        flag = f"severity_unknown:{str(given)[:64]}" if text else "severity_missing"
        return {**data, "severity": SeverityLevel.MEDIUM, "flags": [*data.get("flags", []), flag]}

    @field_validator("tactics", "techniques", mode="before")
    @classmethod
    def _split_comma_separated(cls, value: Any) -> Any:
        if value is None:
            return []
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("timestamp")
    @classmethod
    def _is_iso_8601(cls, value: str) -> str:
        try:
            datetime.fromisoformat(value)
        except ValueError as error:
            raise ValueError("a time in ISO 8601, such as 2026-11-20T08:00:00Z") from error
        return value


class NormalizedAlert(CanonicalAlert):
    """The message on `alerts.normalized`: the alert with its parsed entities."""

    parsed_entities: AlertEntities
