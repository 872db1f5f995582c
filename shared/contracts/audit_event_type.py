"""What an audit event may be called (spec/security-and-audit §3)."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from shared.errors import InvalidInput


class EventCategory(StrEnum):
    """Why an event is recorded."""

    DECISION = "decision"
    ACTION = "action"
    APPROVAL = "approval"
    SECURITY = "security"
    SYSTEM = "system"


class AuditEventType(StrEnum):
    """Grammar: `noun.past_participle`. The category follows from the type and is never chosen by a producer."""

    category: EventCategory

    def __new__(cls, name: str, category: EventCategory) -> Self:
        """The member, a text that knows its category."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.category = category
        return member

    @classmethod
    def named(cls, name: str) -> Self:
        """The type of this name. Raises InvalidInput for one outside the vocabulary."""
        if name not in cls:
            raise InvalidInput(
                "AuditEvent.event_type", got=name, expected=f"one of the {len(cls)} types of AuditEventType"
            )
        return cls(name)  # type: ignore[call-arg]  # by value, which takes no category

    ALERT_CLASSIFIED = "alert.classified", EventCategory.DECISION
    ALERT_AUTO_CLOSED = "alert.auto_closed", EventCategory.DECISION
    ALERT_ESCALATED = "alert.escalated", EventCategory.DECISION
    ALERT_SHORT_CIRCUITED = "alert.short_circuited", EventCategory.DECISION
    INVESTIGATION_STATE_CHANGED = "investigation.state_changed", EventCategory.DECISION
    INVESTIGATION_ENRICHED = "investigation.enriched", EventCategory.DECISION
    INCIDENT_OPENED = "incident.opened", EventCategory.DECISION
    INCIDENT_LINKED = "incident.linked", EventCategory.DECISION
    INCIDENT_MERGED = "incident.merged", EventCategory.DECISION
    INCIDENT_SPLIT = "incident.split", EventCategory.DECISION
    PLAYBOOK_SELECTED = "playbook.selected", EventCategory.DECISION
    PLAYBOOK_GENERATED = "playbook.generated", EventCategory.DECISION
    CTEM_EXPOSURE_SCORED = "ctem.exposure_scored", EventCategory.DECISION
    CTEM_EXPOSURE_RESOLVED = "ctem.exposure_resolved", EventCategory.DECISION
    CTEM_SLA_BREACHED = "ctem.sla_breached", EventCategory.DECISION
    ATLAS_DETECTION_FIRED = "atlas.detection_fired", EventCategory.DECISION
    ROUTING_TIER_SELECTED = "routing.tier_selected", EventCategory.DECISION
    ROUTING_PROVIDER_FAILOVER = "routing.provider_failover", EventCategory.DECISION

    RESPONSE_PREPARED = "response.prepared", EventCategory.ACTION
    RESPONSE_EXECUTED = "response.executed", EventCategory.ACTION
    RESPONSE_ROLLED_BACK = "response.rolled_back", EventCategory.ACTION
    RESPONSE_GENERATED = "response.generated", EventCategory.ACTION
    IOC_ENRICHED = "ioc.enriched", EventCategory.ACTION
    FP_PATTERN_CREATED = "fp_pattern.created", EventCategory.ACTION
    FP_PATTERN_ACTIVATED = "fp_pattern.activated", EventCategory.ACTION
    CTEM_REMEDIATION_ASSIGNED = "ctem.remediation_assigned", EventCategory.ACTION
    CTEM_REMEDIATION_VERIFIED = "ctem.remediation_verified", EventCategory.ACTION
    KNOWLEDGE_INDEXED = "knowledge.indexed", EventCategory.ACTION
    EMBEDDING_REINDEXED = "embedding.reindexed", EventCategory.ACTION
    FEEDBACK_RECORDED = "feedback.recorded", EventCategory.ACTION

    APPROVAL_REQUESTED = "approval.requested", EventCategory.APPROVAL
    APPROVAL_GRANTED = "approval.granted", EventCategory.APPROVAL
    APPROVAL_DENIED = "approval.denied", EventCategory.APPROVAL
    APPROVAL_TIMED_OUT = "approval.timed_out", EventCategory.APPROVAL
    APPROVAL_ESCALATED = "approval.escalated", EventCategory.APPROVAL
    FP_PATTERN_APPROVED = "fp_pattern.approved", EventCategory.APPROVAL
    FP_PATTERN_REVOKED = "fp_pattern.revoked", EventCategory.APPROVAL
    CTEM_RISK_ACCEPTED = "ctem.risk_accepted", EventCategory.APPROVAL
    SHADOW_GO_LIVE_APPROVED = "shadow.go_live_approved", EventCategory.APPROVAL

    INJECTION_DETECTED = "injection.detected", EventCategory.SECURITY
    INJECTION_QUARANTINED = "injection.quarantined", EventCategory.SECURITY
    TECHNIQUE_QUARANTINED = "technique.quarantined", EventCategory.SECURITY
    ACCUMULATION_THRESHOLD_BREACHED = "accumulation.threshold_breached", EventCategory.SECURITY
    SPEND_SOFT_LIMIT = "spend.soft_limit", EventCategory.SECURITY
    SPEND_HARD_LIMIT = "spend.hard_limit", EventCategory.SECURITY
    ACCESS_DENIED = "access.denied", EventCategory.SECURITY
    AUDIT_EXPORTED = "audit.exported", EventCategory.SECURITY

    DEGRADATION_ENTERED = "degradation.entered", EventCategory.SYSTEM
    DEGRADATION_EXITED = "degradation.exited", EventCategory.SYSTEM
    KILL_SWITCH_ACTIVATED = "kill_switch.activated", EventCategory.SYSTEM
    KILL_SWITCH_DEACTIVATED = "kill_switch.deactivated", EventCategory.SYSTEM
    CONFIG_CHANGED = "config.changed", EventCategory.SYSTEM
    CIRCUIT_BREAKER_OPENED = "circuit_breaker.opened", EventCategory.SYSTEM
    CIRCUIT_BREAKER_CLOSED = "circuit_breaker.closed", EventCategory.SYSTEM
    SYSTEM_GENESIS = "system.genesis", EventCategory.SYSTEM
