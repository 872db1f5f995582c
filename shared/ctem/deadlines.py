"""Exposures that nobody repaired in time (data-model §5.2): noticed once each, by a timer."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import orjson

from shared.bus.outbox import Outbox, OutboxMessage, put
from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.tenant import EVERY_TENANT
from shared.ctem.scans import TOPIC, exposure_event
from shared.stores.postgres import Postgres
from shared.stores.statements import statements
from shared.telemetry import LogAction, log_fields

AT_ONCE = 200

_SQL = statements(Path(__file__).with_suffix(".sql"))
logger = logging.getLogger(__name__)


class Deadlines:
    """The clocks of exposures."""

    def __init__(self, postgres: Postgres, outbox: Outbox) -> None:
        self._postgres = postgres
        self._outbox = outbox

    async def report_breached(self) -> int:
        """Publish and record each exposure whose time to repair has passed; returns how many. Raises
        StoreUnavailable.
        """
        total = 0
        while True:
            async with self._postgres.transaction(EVERY_TENANT) as connection:
                rows = await (await connection.execute(_SQL["breached"], {"limit": AT_ONCE})).fetchall()
                for row in rows:
                    await put(connection, row["tenant_id"], "", _messages(row))
            for row in rows:
                key, due = row["exposure_key"], row["sla_deadline"].isoformat()
                fields = log_fields(LogAction.EXPOSURE_OVERDUE, exposure_key=key, severity=row["severity"])
                logger.warning("Exposure %s should have been repaired by %s", key, due, extra=fields)
            total += len(rows)
            if len(rows) < AT_ONCE:
                break
        if total:
            self._outbox.notify()
        return total


def _messages(row: dict[str, Any]) -> list[OutboxMessage]:
    exposure = row["exposure"] | {"status": row["status"], "assigned_to": row["assigned_to"]}
    context = {
        "exposure_key": row["exposure_key"],
        "severity": row["severity"],
        "sla_deadline": row["sla_deadline"].isoformat(),
        "owner": row["assigned_to"],
    }
    return [
        OutboxMessage(topic=TOPIC, key=row["exposure_key"], value=orjson.dumps(exposure)),
        exposure_event(row["tenant_id"], AuditEventType.CTEM_SLA_BREACHED, context),
    ]
