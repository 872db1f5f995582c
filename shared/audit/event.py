"""Builds audit events: category, id and time are filled in here, hostile characters made storable.

An event that may be emitted twice (a replayed step) must be given its ``audit_id``, derived from the step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from shared.audit.uuid7 import uuid7
from shared.contracts.audit import AuditEvent
from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.contract import invalid_input
from shared.contracts.outside_text import storable

TIMESTAMP_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"  # fixed precision: the text itself is hashed


def _written_out(value: Any) -> Any:
    """The chain holds numbers of any size as they are; JSON has no infinity, so the word stands for it."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def utc_timestamp(moment: datetime | None = None) -> str:
    """``moment`` (default: now) in UTC with microseconds, e.g. ``2026-11-23T06:00:00.000000Z``."""
    return (moment or datetime.now(UTC)).astimezone(UTC).strftime(TIMESTAMP_FORMAT)


def audit_event(  # noqa: PLR0913 - an event says who, what, where and how it ended
    *,
    tenant_id: str,
    event_type: str,
    actor_id: str,
    source_service: str,
    actor_type: str = "agent",
    context: Mapping[str, Any] | None = None,
    decision: Mapping[str, Any] | None = None,
    outcome: Mapping[str, Any] | None = None,
    severity: str = "info",
    investigation_id: str = "",
    alert_id: str = "",
    entity_ids: list[str] | None = None,
    actor_permissions: list[str] | None = None,
    audit_id: str | None = None,
) -> AuditEvent:
    """One event of now. Raises InvalidInput for a type outside the vocabulary or any other wrong field."""
    fields: dict[str, Any] = {
        "audit_id": audit_id or str(uuid7()),
        "tenant_id": tenant_id,
        "timestamp": utc_timestamp(),
        "event_type": event_type,
        "event_category": AuditEventType.named(event_type).category,
        "severity": severity,
        "actor_type": actor_type,
        "actor_id": actor_id,
        "actor_permissions": actor_permissions or [],
        "investigation_id": investigation_id,
        "alert_id": alert_id,
        "entity_ids": entity_ids or [],
        "context": context or {},
        "decision": decision or {},
        "outcome": outcome or {},
        "source_service": source_service,
    }
    try:
        return AuditEvent.model_validate(storable(fields, number=_written_out))
    except ValidationError as error:
        raise invalid_input("AuditEvent", error) from error
