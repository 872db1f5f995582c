"""Exposures: what scanners found, normalised (spec/data-model §5.1)."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from shared.contracts.contract import Contract
from shared.contracts.tenant import DEFAULT_TENANT, TenantId


class ExposureStatus(StrEnum):
    """Life of an exposure."""

    OPEN = "Open"
    IN_PROGRESS = "InProgress"
    FIX_DEPLOYED = "FixDeployed"
    VERIFIED = "Verified"
    CLOSED = "Closed"


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
