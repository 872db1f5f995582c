"""Records audit events that belong to no other change: each goes into the outbox, and from there to `audit.events`.

What happens together with a change of state is put into that change's own transaction instead: build it with
``audit_event`` and ``audit_message``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.audit.event import audit_event
from shared.bus.outbox import Outbox, OutboxMessage, put
from shared.contracts.audit import AuditEvent
from shared.stores.postgres import Postgres

TOPIC = "audit.events"


def audit_message(event: AuditEvent) -> OutboxMessage:
    """The event as it waits in the outbox, keyed by its tenant, whose chain keeps this order."""
    return OutboxMessage(topic=TOPIC, key=event.tenant_id, value=event.to_json())


class AuditProducer:
    """Writes one event in a transaction of its own; neither a crash nor Kafka's absence loses it afterwards."""

    def __init__(self, postgres: Postgres, outbox: Outbox, *, source_service: str) -> None:
        self._postgres = postgres
        self._outbox = outbox
        self._source_service = source_service

    async def emit(  # noqa: PLR0913 - an event says who, what, where and how it ended
        self,
        *,
        tenant_id: str,
        event_type: str,
        actor_id: str,
        actor_type: str = "agent",
        context: Mapping[str, Any] | None = None,
        decision: Mapping[str, Any] | None = None,
        outcome: Mapping[str, Any] | None = None,
        severity: str = "info",
        investigation_id: str = "",
        alert_id: str = "",
        actor_permissions: list[str] | None = None,
        audit_id: str | None = None,
    ) -> None:
        """Record one event; on return it is safe. Raises InvalidInput for an event that no ledger would take,
        StoreUnavailable when it could not be recorded: then what it reports must not go on unrecorded either.
        """
        event = audit_event(
            tenant_id=tenant_id,
            event_type=event_type,
            actor_id=actor_id,
            actor_type=actor_type,
            source_service=self._source_service,
            context=context,
            decision=decision,
            outcome=outcome,
            severity=severity,
            investigation_id=investigation_id,
            alert_id=alert_id,
            actor_permissions=actor_permissions,
            audit_id=audit_id,
        )
        async with self._postgres.transaction(tenant_id) as connection:
            await put(connection, tenant_id, investigation_id, [audit_message(event)])
        self._outbox.notify()
