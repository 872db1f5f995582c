"""A detection rule's result (seed §7, spec/detections §2.1)."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field

from shared.contracts.alert import SeverityLevel
from shared.contracts.contract import Contract

DOCUMENTED = "documented"  # the signal with the specification's own thresholds


class BaselineState(StrEnum):
    """What the rule could compare with."""

    OK = "ok"
    NO_BASELINE = "no_baseline"
    INSUFFICIENT = "insufficient"
    NOT_NEEDED = "not_needed"


class TrustLevel(StrEnum):
    """Whether what was measured comes from something that could lie about itself."""

    TRUSTED = "trusted"
    UNTRUSTED = "untrusted"


class DetectionResult(Contract):
    """What one signal of a rule found about one subject in one window; published only if ``triggered``.

    ``confidence`` already carries the trust downgrade and, last, the rule's floor. ``alert_title`` names the subject.
    ``entities`` have the shape of Sentinel's. Times are ISO 8601 in UTC.
    """

    rule_id: str
    rule_name: str
    rule_version: str
    tenant_id: str
    signal: str
    triggered: bool
    triggers: list[str] = Field(default_factory=list)
    subject: str
    alert_title: str
    description: str
    alert_severity: SeverityLevel
    confidence: float = Field(ge=0, le=1)
    atlas_technique: str = ""
    atlas_techniques: list[str] = Field(default_factory=list)  # accurate today; the one above is the contract's
    attack_technique: str = ""
    attack_techniques: list[str] = Field(default_factory=list)
    threat_model_ref: str = ""
    evidence: dict[str, Any] = Field(default_factory=dict)
    entities: list[dict[str, Any]] = Field(default_factory=list)
    requires_immediate_action: bool = False
    safety_relevant: bool = False
    confidence_floor: float = Field(default=0.0, ge=0, le=1)
    telemetry_trust_level: TrustLevel = TrustLevel.TRUSTED
    attestation_status: str = ""
    baseline_state: BaselineState = BaselineState.NOT_NEEDED
    thresholds: dict[str, float | str] = Field(default_factory=dict)  # that were used
    playbook: str = ""
    mitigations: list[str] = Field(default_factory=list)
    timestamp: str
    window_start: str
    window_end: str
    dedupe_key: str
