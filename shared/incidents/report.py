"""What a change of incidents tells the audit chain: pure builders of outbox messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.audit.event import audit_event
from shared.audit.producer import audit_message
from shared.bus.outbox import OutboxMessage
from shared.contracts.audit import ActorType
from shared.contracts.audit_event_type import AuditEventType

ALERTS_NAMED = 50  # of one event, which must fit into a message


@dataclass(frozen=True)
class Actor:
    """Who changes an incident: a person by default."""

    actor_id: str
    actor_type: str = ActorType.HUMAN
    permissions: list[str] = field(default_factory=list)


RULES = Actor("incident-rules", ActorType.SYSTEM)


def changed(  # noqa: PLR0913 - an event says who, what and why
    tenant_id: str,
    event_type: AuditEventType,
    incident_id: str,
    alert_ids: Sequence[str],
    *,
    actor: Actor,
    reason: str,
    context: Mapping[str, Any] | None = None,
) -> OutboxMessage:
    """`incident.opened`, `incident.linked`, `incident.merged` or `incident.split`."""
    event = audit_event(
        tenant_id=tenant_id,
        event_type=event_type,
        actor_type=actor.actor_type,
        actor_id=actor.actor_id,
        actor_permissions=actor.permissions,
        alert_id=alert_ids[0] if len(alert_ids) == 1 else "",
        context={
            "incident_id": incident_id,
            "alert_ids": list(alert_ids[:ALERTS_NAMED]),
            "alerts": len(alert_ids),
            "reason": reason,
            **(context or {}),
        },
        source_service="incidents",
    )
    return audit_message(event)
