"""The audit record of a switch that a person turned."""

from __future__ import annotations

from typing import Any

from shared.access.identity import Identity
from shared.access.permissions import permissions_of
from shared.audit.event import audit_event
from shared.audit.producer import audit_message
from shared.bus.outbox import put
from shared.contracts.audit import ActorType
from shared.contracts.audit_event_type import AuditEventType
from shared.stores.postgres import Connection


async def record_change(
    connection: Connection, event_type: AuditEventType, context: dict[str, Any], by: Identity
) -> None:
    """Leave the event in the outbox, in the transaction that makes the change. Raises StoreUnavailable."""
    event = audit_event(
        tenant_id=by.tenant_id,
        event_type=event_type,
        actor_type=ActorType.HUMAN,
        actor_id=by.subject,
        actor_permissions=permissions_of(by),
        severity="warning",
        context=context,
        outcome={"outcome_status": "success"},
        source_service="api",
    )
    await put(connection, by.tenant_id, "", [audit_message(event)])
