"""Exposures: what scanners found, normalised (spec/data-model §5.1)."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime, Field

from shared.contracts.contract import Contract
from shared.contracts.tenant import DEFAULT_TENANT, TenantId


class ExposureStatus(StrEnum):
    """Life of an exposure."""

    OPEN = "Open"
    IN_PROGRESS = "InProgress"
    FIX_DEPLOYED = "FixDeployed"
    VERIFIED = "Verified"
    CLOSED = "Closed"


class ExposureSeverity(StrEnum):
    """What the seed's matrix gives, the worst first."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


class Consequence(StrEnum):
    """What is at stake, the worst first."""

    SAFETY_LIFE = "safety_life"
    EQUIPMENT = "equipment"
    DOWNTIME = "downtime"
    DATA_LOSS = "data_loss"


class CTEMExposure(Contract):
    """One finding on one asset. ``exposure_key`` is 16 hex digits of sha256(source_tool:title:asset_id)."""

    exposure_key: str
    ts: str
    source_tool: str
    title: str
    description: str = ""
    severity: str
    original_severity: str = ""
    asset_id: str
    asset_type: str = ""
    asset_zone: str = ""
    exploitability_score: float = Field(ge=0, le=1)
    physical_consequence: str
    ctem_score: float = Field(ge=0, le=10)
    atlas_technique: str = ""
    attack_technique: str = ""
    threat_model_ref: str = ""
    status: ExposureStatus = ExposureStatus.OPEN
    assigned_to: str = ""
    sla_deadline: str = ""
    remediation_guidance: str = ""
    evidence_url: str = ""
    tenant_id: TenantId = DEFAULT_TENANT


class ExposureRecord(Contract):
    """An exposure with its life, as people see it. Times are ISO 8601 UTC, empty where there is none.

    ``alerted_at`` is when an alert of the last 7 days named its ATLAS technique, which raises ``adjusted_score`` (0 to
    10) and ``priority`` (1 is the highest, 7 the lowest).
    ``details`` says why it was scored so: exploitability, techniques with the kind of mapping, measured rate, evidence.
    """

    exposure: CTEMExposure
    asset_name: str
    first_seen: str
    last_seen: str
    occurrences: int
    scope: str
    reopened: int
    resolved_at: str
    sla_breached: bool
    alerted_at: str
    adjusted_score: float
    priority: int
    accepted_until: str
    accepted_by: str
    accepted_reason: str
    details: dict[str, Any]


class ExposureAcceptance(Contract):
    """A person takes the risk of an exposure until a moment, and says why."""

    until: AwareDatetime
    reason: str = Field(min_length=3, max_length=2048, pattern=r"^[^\x00]*$")


class ExposureAssignment(Contract):
    """Who is to repair it."""

    owner: str = Field(min_length=1, max_length=256, pattern=r"^[^\x00]*$")
