"""Audit events, records and evidence packages (spec/security-and-audit §2-6, spec/data-model §6.2)."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any

from pydantic import Field, field_validator

from shared.contracts.audit_event_type import AuditEventType, EventCategory
from shared.contracts.contract import Contract

RECORD_VERSION = "1.0"
TYPE_FORM = re.compile(r"[a-z][a-z_]{0,31}\.[a-z][a-z_]{0,31}")


class AuditSeverity(StrEnum):
    """How loud an event is."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class ActorType(StrEnum):
    """Who acted."""

    AGENT = "agent"
    HUMAN = "human"
    SYSTEM = "system"
    SCHEDULER = "scheduler"


class AuditEvent(Contract):
    """What a producer sends on `audit.events`, keyed by tenant. It sets neither sequence nor hashes."""

    audit_id: str = Field(min_length=36, max_length=36)  # UUIDv7, or uuid5 of the step for events that may be repeated
    tenant_id: str = Field(min_length=1, max_length=128)
    timestamp: str
    event_type: AuditEventType | str  # a name that only a newer release knows is chained as well
    event_category: EventCategory
    severity: AuditSeverity = AuditSeverity.INFO
    actor_type: ActorType
    actor_id: str
    actor_permissions: list[str] = Field(default_factory=list)
    investigation_id: str = ""
    alert_id: str = ""
    entity_ids: list[str] = Field(default_factory=list)
    context: dict[str, Any] = Field(default_factory=dict)
    decision: dict[str, Any] = Field(default_factory=dict)
    outcome: dict[str, Any] = Field(default_factory=dict)
    source_service: str
    record_version: str = RECORD_VERSION

    @field_validator("event_type")
    @classmethod
    def _has_the_form_of_a_type(cls, value: str) -> str:
        if not TYPE_FORM.fullmatch(value):
            raise ValueError("a noun and what happened to it, such as alert.classified")
        return AuditEventType.named(value) if value in AuditEventType else value

    @field_validator("event_category")
    @classmethod
    def _belongs_to_the_type(cls, value: EventCategory, info: Any) -> EventCategory:
        event_type = info.data.get("event_type")
        if isinstance(event_type, AuditEventType) and value != event_type.category:
            raise ValueError(f"category {event_type.category} for this event type")
        return value


class AuditRecord(Contract):
    """One link of a tenant's chain: the event, its place and its hash (lower-case hex SHA-256)."""

    audit_id: str
    tenant_id: str
    sequence_number: int = Field(ge=0)
    previous_hash: str = Field(min_length=64, max_length=64)
    timestamp: str
    ingested_at: str
    event_type: str
    event_category: EventCategory
    severity: AuditSeverity
    actor_type: ActorType
    actor_id: str
    actor_permissions: list[str]
    investigation_id: str
    alert_id: str
    entity_ids: list[str]
    context: dict[str, Any]
    decision: dict[str, Any]
    outcome: dict[str, Any]
    source_service: str
    record_version: str
    record_hash: str = Field(min_length=64, max_length=64)


class ChainVerification(Contract):
    """Result of checking a stretch of one tenant's chain; ``next_sequence`` is where to go on when it is not all that
    was asked for.
    """

    tenant_id: str
    chain_valid: bool
    records_checked: int
    from_sequence: int
    to_sequence: int
    next_sequence: int | None = None
    errors: list[str] = Field(default_factory=list)


class EvidencePackage(Contract):
    """Everything about one investigation, self-contained (seed §10)."""

    package_id: str
    investigation_id: str
    tenant_id: str
    generated_at: str
    generated_by: str
    source_alert: dict[str, Any]
    raw_alert_payload: dict[str, Any]
    incident: dict[str, Any] | None = None  # with its other alerts and what each was judged; None: it is in none
    events: list[AuditRecord]
    state_transitions: list[dict[str, Any]]
    retrieval_context: dict[str, Any]
    llm_interactions: list[dict[str, Any]]
    final_classification: str
    final_confidence: float
    final_severity: str
    reasoning_chain: list[str]
    techniques_mapped: list[str]
    techniques_quarantined: list[str]
    actions_recommended: list[dict[str, Any]]
    actions_executed: list[dict[str, Any]]
    actions_pending: list[dict[str, Any]]
    approvals: list[dict[str, Any]]
    analyst_feedback: list[dict[str, Any]]
    chain_verified: bool
    chain_verification_errors: list[str]
    package_hash: str
