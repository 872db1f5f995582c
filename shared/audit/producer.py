"""Sends audit events to `audit.events`, keyed by tenant. Kafka being away never fails the caller.

What must not be lost with the process goes through an outbox instead: build it with ``audit_event``.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from typing import Any

from shared.audit.event import audit_event
from shared.bus.producer import Producer, check_message
from shared.errors import BusUnavailable, InvalidInput

TOPIC = "audit.events"
SPOOL_SIZE = 10_000  # events of about 2 KB: 20 MB of a process's memory at most

log = logging.getLogger(__name__)


class AuditProducer:
    """Publishes at once; while Kafka is away, events wait in memory in their order and go out with the next one."""

    def __init__(self, producer: Producer, *, source_service: str, spool_size: int = SPOOL_SIZE) -> None:
        self._producer = producer
        self._source_service = source_service
        self._spool_size = spool_size
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._sending = asyncio.Lock()

    @property
    def waiting(self) -> int:
        """How many events wait for Kafka."""
        return len(self._waiting)

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
        """Record one event. Raises InvalidInput for an event that no ledger would take, never BusUnavailable."""
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
        message = event.to_json()
        check_message(TOPIC, message)
        if len(self._waiting) < self._spool_size:
            self._waiting.append((tenant_id, message))
        else:
            log.critical("An audit event is lost, %d wait already: %s", self._spool_size, message.decode())
        await self.flush()

    async def flush(self) -> None:
        """Send what waits, oldest first; keep the rest when Kafka is away. Returns at once while another call sends."""
        if self._sending.locked():
            return
        async with self._sending:
            while self._waiting:
                tenant_id, message = self._waiting[0]
                try:
                    await self._producer.publish(TOPIC, message, key=tenant_id)
                except BusUnavailable as error:
                    log.error("Kafka is away: %d audit events wait in memory. %s", len(self._waiting), error)
                    return
                except InvalidInput:
                    log.critical("Kafka refused an audit event for good: %s", message.decode(), exc_info=True)
                self._waiting.popleft()
