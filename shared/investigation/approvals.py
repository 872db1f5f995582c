"""The approval gate: one person's answer, about exactly the actions that were shown, once, in time (design §4)."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from shared.audit.event import audit_event
from shared.audit.producer import audit_message
from shared.bus.outbox import Outbox, put
from shared.contracts.approval import Approval, ApprovalDecision, ApprovalStatus
from shared.contracts.audit import ActorType
from shared.contracts.outside_text import storable_text
from shared.contracts.tenant import EVERY_TENANT, SYNTHETIC_TENANT
from shared.errors import Conflict, NotFound
from shared.investigation.waking import Wake
from shared.stores.postgres import Connection, Postgres
from shared.stores.statements import statements
from shared.telemetry import LogAction, log_fields

APPROVAL_EVENT = "approval"
MOST_REPORTED = 100

logger = logging.getLogger(__name__)

_SQL = statements(Path(__file__).with_suffix(".sql"))


class Approvals:
    """Takes and resolves answers. Whether the person may answer at all is the API's question."""

    def __init__(self, postgres: Postgres, outbox: Outbox, wake: Wake) -> None:
        self._postgres = postgres
        self._outbox = outbox
        self._wake = wake

    async def decide(
        self, tenant_id: str, approval_id: str, decision: ApprovalDecision, *, decided_by: str, permissions: list[str]
    ) -> Approval:
        """Record an answer and wake the investigation. Raises NotFound, Conflict (late, second, other actions)."""
        async with self._postgres.transaction(tenant_id) as connection:
            row = await _lock(connection, tenant_id, approval_id)
            approval = _approval(row)
            if approval.status is not ApprovalStatus.PENDING:
                raise Conflict(f"approval {approval_id} was already {approval.status}; nothing was changed")
            if row["expired"]:
                raise Conflict(f"approval {approval_id} expired at {approval.expires_at}; the answer counts as denied")
            if decision.actions_hash != approval.actions_hash:
                raise Conflict(
                    f"approval {approval_id} asks about other actions than those you were shown; load it again"
                )
            status = ApprovalStatus.GRANTED if decision.approved else ApprovalStatus.DENIED
            await _decide(connection, tenant_id, approval_id, status, decided_by, decision.comment)
            event = audit_event(
                tenant_id=tenant_id,
                event_type=f"approval.{status}",
                actor_type=ActorType.HUMAN,
                actor_id=decided_by,
                actor_permissions=permissions,
                investigation_id=approval.investigation_id,
                alert_id=row["alert_id"],
                context={
                    "approval_id": approval_id,
                    "approver": decided_by,
                    "channel": "api",
                    "latency_seconds": round(float(row["waited_seconds"]), 1),
                    "comment": decision.comment,
                },
                outcome={"outcome_status": "success", "approval_received_from": decided_by},
                source_service="api",
            )
            await put(connection, tenant_id, approval.investigation_id, [audit_message(event)])
            approval = _approval(await _lock(connection, tenant_id, approval_id))
        self._outbox.notify()
        await self._tell(approval.investigation_id)
        return approval

    async def resolve(self, tenant_id: str, approval_id: str) -> Approval:
        """The approval as it stands; a pending one whose time is over becomes timed out here, and only here."""
        async with self._postgres.transaction(tenant_id) as connection:
            row = await _lock(connection, tenant_id, approval_id)
            if row["status"] == ApprovalStatus.PENDING and row["expired"]:
                await _decide(connection, tenant_id, approval_id, ApprovalStatus.TIMED_OUT, None, "")
                row = await _lock(connection, tenant_id, approval_id)
        return _approval(row)

    async def wake_decided(self) -> int:
        """Tell investigations whose answer was recorded but whose event was lost; returns how many were told."""
        async with self._postgres.transaction(EVERY_TENANT) as connection:
            cursor = await connection.execute(_SQL["decided_but_waiting"])
            rows = await cursor.fetchall()
        return sum([await self._tell(row["investigation_id"]) for row in rows])

    async def report_waiting(self) -> int:
        """Log each approval with a quarter of its time left, the next to expire first; returns how many."""
        async with self._postgres.transaction(EVERY_TENANT) as connection:
            values = {"limit": MOST_REPORTED, "nobodys": SYNTHETIC_TENANT}
            rows = await (await connection.execute(_SQL["waiting_long"], values)).fetchall()
        for row in rows:
            waited = round(float(row["waited_seconds"]))
            logger.warning(
                "Approval %s of tenant %s has waited for %d minutes and expires into denial at %s",
                row["approval_id"],
                row["tenant_id"],
                waited // 60,
                row["expires_at"].isoformat(),
                extra=log_fields(LogAction.APPROVAL_WAITING, waited_seconds=waited, tenant_id=row["tenant_id"]),
            )
        return len(rows)

    async def _tell(self, investigation_id: str) -> bool:
        """Wake one investigation. Its answer is recorded, so a failure fails nobody: the next sweep tells again."""
        try:
            await self._wake(investigation_id)
        except Exception:  # the platform's client raises the bare class
            logger.warning("Investigation %s could not be woken yet.", investigation_id, exc_info=True)
            return False
        return True


async def _lock(connection: Connection, tenant_id: str, approval_id: str) -> dict[str, Any]:
    cursor = await connection.execute(_SQL["lock"], {"tenant_id": tenant_id, "approval_id": approval_id})
    row = await cursor.fetchone()
    if row is None:
        raise NotFound(f"approval {approval_id} does not exist for this tenant")
    return row


async def _decide(  # noqa: PLR0913, PLR0917 - the columns of one answer
    connection: Connection, tenant_id: str, approval_id: str, status: str, decided_by: str | None, comment: str
) -> None:
    await connection.execute(
        _SQL["decide"],
        {
            "tenant_id": tenant_id,
            "approval_id": approval_id,
            "status": status,
            "decided_by": decided_by,
            "comment": storable_text(comment),
        },
    )


def _approval(row: dict[str, Any]) -> Approval:
    values = {name: row[name] for name in Approval.model_fields}
    times = {
        name: values[name].isoformat() if values[name] else None
        for name in ("requested_at", "expires_at", "decided_at")
    }
    return Approval.from_stored({**values, **times}, where=f"action_approvals {row['approval_id']}")
