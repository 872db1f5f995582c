"""What people decide about an exposure: to take its risk for a time, and who repairs it. Each is one audited change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from shared.audit.event import audit_event
from shared.audit.producer import audit_message
from shared.bus.outbox import Outbox, put
from shared.contracts.audit import ActorType
from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.exposure import ExposureAcceptance, ExposureAssignment
from shared.contracts.outside_text import storable_text
from shared.errors import InvalidInput, NotFound
from shared.stores.postgres import Postgres
from shared.stores.statements import statements

LONGEST = timedelta(days=365)  # a risk that nobody looks at for longer is forgotten, not taken

_SQL = statements(Path(__file__).with_name("exposures.sql"))


@dataclass(frozen=True, slots=True)
class Decider:
    """The person, and what they may do."""

    subject: str
    permissions: list[str]


class ExposureDecisions:
    """Each method raises NotFound for an exposure that is not there or not open, StoreUnavailable."""

    def __init__(self, postgres: Postgres, outbox: Outbox) -> None:
        self._postgres = postgres
        self._outbox = outbox

    async def accept(self, tenant_id: str, key: str, wish: ExposureAcceptance, by: Decider) -> None:
        """Take the risk until a moment: meanwhile its deadline is not reported. Raises InvalidInput for a moment that
        has passed or lies more than a year ahead.
        """
        now = datetime.now(UTC)
        if not now < wish.until <= now + LONGEST:
            raise InvalidInput("until", got=wish.until.isoformat(), expected="a time within the next 365 days")
        values = {"until": wish.until, "person": by.subject, "reason": storable_text(wish.reason)}
        context = {"until": wish.until.isoformat(), "reason": wish.reason}
        await self._change("accept", tenant_id, key, values, AuditEventType.CTEM_RISK_ACCEPTED, context, by)

    async def assign(self, tenant_id: str, key: str, wish: ExposureAssignment, by: Decider) -> None:
        """Name who repairs it; what was open is then in progress."""
        owner = storable_text(wish.owner)
        event = AuditEventType.CTEM_REMEDIATION_ASSIGNED
        await self._change("assign", tenant_id, key, {"owner": owner}, event, {"owner": owner}, by)

    async def _change(  # noqa: PLR0913, PLR0917 - a statement, its values, and the record of it
        self,
        statement: str,
        tenant_id: str,
        key: str,
        values: dict[str, Any],
        event_type: AuditEventType,
        context: dict[str, Any],
        by: Decider,
    ) -> None:
        event = audit_event(
            tenant_id=tenant_id,
            event_type=event_type,
            actor_type=ActorType.HUMAN,
            actor_id=by.subject,
            actor_permissions=by.permissions,
            context={"exposure_key": key, **context},
            outcome={"outcome_status": "success"},
            source_service="api",
        )
        async with self._postgres.transaction(tenant_id) as connection:
            asked = {"tenant_id": tenant_id, "exposure_key": key, **values}
            if (await connection.execute(_SQL[statement], asked)).rowcount == 0:
                raise NotFound(f"There is no open exposure {key}; nothing was changed.")
            await put(connection, tenant_id, "", [audit_message(event)])
        self._outbox.notify()
