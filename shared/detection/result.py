"""From a finding to a result: trust, floor, severity and the names that the contract asks for (spec §2.1, §2.3)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from shared.contracts.detection import DOCUMENTED, BaselineState, DetectionResult, TrustLevel
from shared.contracts.outside_text import storable
from shared.detection.finding import Finding
from shared.detection.rule import Rule, Window

UNTRUSTED = 0.7  # what self-reported telemetry leaves of a confidence
MOST_TEXT = 64  # characters of a threshold
MOST_TITLE = 120  # characters of a subject in a title
SECOND = "rec"  # the one beside the documented one, which repairs it


def result_of(  # noqa: PLR0913 - a result names the tenant, the version and the thresholds that it was made with
    rule: Rule, finding: Finding, window: Window, *, tenant_id: str, version: str, thresholds: Mapping[str, Any]
) -> DetectionResult:
    """The result of a finding. The floor comes last: the contract's floors win over the trust downgrade, and what the
    downgrade alone would have left stands in the evidence.
    """
    trust = finding.trust or rule.trust
    believed = finding.confidence * (UNTRUSTED if trust is TrustLevel.UNTRUSTED else 1.0)
    evidence = _rounded(finding.evidence) | {"corroborated": len(finding.triggers) > 1}
    if trust is TrustLevel.UNTRUSTED:
        evidence["trust_adjusted_confidence"] = round(believed, 4)
    techniques = [name for name in finding.techniques if name.startswith("AML.")]
    others = [name for name in finding.techniques if not name.startswith("AML.")]
    subject = storable(finding.subject)
    return DetectionResult(
        rule_id=rule.rule_id,
        rule_name=rule.title,
        rule_version=version,
        tenant_id=tenant_id,
        signal=finding.signal,
        triggered=bool(finding.triggers),
        triggers=list(finding.triggers),
        subject=subject,
        alert_title=f"{rule.title}{_of(finding.signal)}: {_shown(subject)}",
        description=f"{finding.sentence} ({rule.rule_id}, signal {finding.signal}: {', '.join(finding.triggers)})",
        alert_severity=finding.severity or rule.severity,
        confidence=round(max(believed, rule.floor), 4),
        atlas_technique=rule.atlas_technique,
        atlas_techniques=list(dict.fromkeys([*rule.atlas_techniques, *techniques])),
        attack_technique=rule.attack_technique,
        attack_techniques=list(dict.fromkeys([*rule.attack_techniques, *others])),
        threat_model_ref=rule.threat_model,
        evidence=storable(evidence),
        entities=storable(finding.entities),
        requires_immediate_action=rule.immediate if finding.immediate is None else finding.immediate,
        safety_relevant=rule.safety_relevant,
        confidence_floor=rule.floor,
        telemetry_trust_level=trust,
        attestation_status=rule.attestation,
        baseline_state=finding.baseline if rule.baseline else BaselineState.NOT_NEEDED,
        thresholds={name: _named(value) for name, value in thresholds.items()},
        playbook=rule.response.playbook,
        mitigations=rule.response.mitigations,
        timestamp=iso(datetime.now(UTC)),
        window_start=iso(window.start),
        window_end=iso(window.end),
        dedupe_key="",
    )


def _of(signal: str) -> str:
    """Two signals of one rule may find the same: their alerts say which is which."""
    if signal == DOCUMENTED:
        return ""
    return " (second signal)" if signal == SECOND else f" (signal {signal})"


def iso(moment: datetime) -> str:
    """In UTC, to the second at least."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _named(value: Any) -> float | str:
    """A threshold; of a long text its digest, for patterns of injections are nothing to show a model."""
    if isinstance(value, str) and len(value) > MOST_TEXT:
        return f"sha256:{hashlib.sha256(value.encode()).hexdigest()}"
    return value  # type: ignore[no-any-return]


def _shown(subject: str) -> str:
    cut = subject if len(subject) <= MOST_TITLE else f"{subject[:MOST_TITLE]}…"
    return "".join(character if character.isprintable() else "\ufffd" for character in cut)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Mapping):
        return {name: _rounded(item) for name, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value
