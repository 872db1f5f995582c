"""A detection rule's result (seed §7)."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from shared.contracts.alert import SeverityLevel
from shared.contracts.contract import Contract


class DetectionResult(Contract):
    """What one rule found in one window. ``confidence`` already carries the rule's safety floor."""

    rule_id: str
    rule_name: str
    tenant_id: str
    triggered: bool
    confidence: float = Field(ge=0, le=1)
    severity: SeverityLevel
    atlas_technique: str = ""
    attack_techniques: list[str] = Field(default_factory=list)
    safety_relevant: bool = False
    window_start: str
    window_end: str
    evidence: dict[str, Any] = Field(default_factory=dict)
