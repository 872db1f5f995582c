"""The rows of approvals, each under its lock: who holds one answers it, lets it expire or passes it on, once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb

from shared.audit.event import audit_event
from shared.audit.producer import audit_message
from shared.bus.outbox import OutboxMessage, put
from shared.contracts.action import actions_hash
from shared.contracts.alert import SeverityLevel
from shared.contracts.approval import Approval, ApprovalStatus
from shared.contracts.audit import ActorType, AuditSeverity
from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.outside_text import storable, storable_text
from shared.errors import Conflict, NotFound
from shared.investigation.grants import Answer
from shared.investigation.waking import Waiting
from shared.stores.postgres import Connection
from shared.stores.statements import statements

_SQL = statements(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True)
class LockedApproval:
    """An approval that this transaction alone may change, and what its case says beside it."""

    connection: Connection
    approval: Approval
    expired: bool
    waited_seconds: float
    alert_id: str
    critical: bool
    waiting: Waiting
    submitted_by: frozenset[str]  # subjects of who sent the alert

    @property
    def goes_on(self) -> bool:
        """Whether the end of its time takes it to the next reviewer: once, and only for a critical alert."""
        return self.critical and self.approval.escalated_at is None

    async def answer(self, status: ApprovalStatus, *, decided_by: str | None = None, comment: str = "") -> None:
        """Give it a final status that grants nothing."""
        await self._change("answer", status=status, decided_by=decided_by, comment=storable_text(comment))

    async def grant(self, answer: Answer, *, decided_by: str, comment: str) -> None:
        """Make exactly these actions its own; the others are denied."""
        await self._change(
            "grant",
            status=ApprovalStatus.PARTLY_GRANTED if answer.denied else ApprovalStatus.GRANTED,
            decided_by=decided_by,
            comment=storable_text(comment),
            actions=_json(answer.granted),
            denied_actions=_json(answer.denied),
            actions_hash=actions_hash(answer.granted),
        )

    async def grant_first(self, answer: Answer, *, decided_by: str) -> None:
        """Record the first of two persons; it stays pending."""
        await self._change("grant_first", decided_by=decided_by, actions_hash=actions_hash(answer.granted))

    async def escalate(self, *, reason: str, by: str = "") -> LockedApproval:
        """Pass it on to the next reviewer with new time, audited. Raises Conflict the second time."""
        if self.approval.escalated_at is not None:
            raise Conflict(f"approval {self.approval.approval_id} went to the next reviewer already")
        await self._change("escalate")
        passed_on = await lock(self.connection, self.approval.tenant_id, self.approval.approval_id)
        context = {
            "reason": reason,
            "expired_at": self.approval.expires_at,
            "timeout_at": passed_on.approval.expires_at,
        }
        await self.report(self.event(AuditEventType.APPROVAL_ESCALATED, context, by=by, severity=AuditSeverity.WARNING))
        return passed_on

    async def still_open(self) -> LockedApproval:
        """The approval when it may still be answered. Raises Conflict."""
        approval = self.approval
        if approval.status is not ApprovalStatus.PENDING:
            raise Conflict(f"approval {approval.approval_id} was already {approval.status}; nothing was changed")
        if not self.expired:
            return self
        if self.goes_on:
            return await self.escalate(reason="nobody answered in time")
        raise Conflict(
            f"approval {approval.approval_id} expired at {approval.expires_at}; the answer counts as denied. Ask again "
            f"with POST /approvals/{approval.approval_id}/ask-again"
        )

    def event(  # noqa: PLR0913 - an event says who, what and how it ended
        self,
        event_type: AuditEventType,
        context: dict[str, Any],
        *,
        by: str = "",
        permissions: list[str] | None = None,
        outcome: dict[str, Any] | None = None,
        severity: AuditSeverity = AuditSeverity.INFO,
    ) -> OutboxMessage:
        """An audit event about it; ``by`` is a person's subject, empty for the product itself."""
        built = audit_event(
            tenant_id=self.approval.tenant_id,
            event_type=event_type,
            actor_type=ActorType.HUMAN if by else ActorType.SYSTEM,
            actor_id=by or "orchestrator",
            actor_permissions=permissions or [],
            investigation_id=self.approval.investigation_id,
            alert_id=self.alert_id,
            severity=severity,
            context={"approval_id": self.approval.approval_id, **context},
            outcome=outcome,
            source_service="api" if by else "orchestrator",
        )
        return audit_message(built)

    async def report(self, *messages: OutboxMessage) -> None:
        """Leave messages in the outbox with this change."""
        await put(self.connection, self.approval.tenant_id, self.approval.investigation_id, messages)

    async def _change(self, statement: str, **values: Any) -> None:
        found = {"tenant_id": self.approval.tenant_id, "approval_id": self.approval.approval_id, **values}
        cursor = await self.connection.execute(_SQL[statement], found)
        if cursor.rowcount == 0:
            raise Conflict(f"approval {self.approval.approval_id} was answered meanwhile; nothing was changed")


async def lock(connection: Connection, tenant_id: str, approval_id: str) -> LockedApproval:
    """The approval, locked until the transaction ends. Raises NotFound."""
    cursor = await connection.execute(_SQL["lock"], {"tenant_id": tenant_id, "approval_id": approval_id})
    row = await cursor.fetchone()
    if row is None:
        raise NotFound(f"approval {approval_id} does not exist for this tenant")
    return LockedApproval(
        connection=connection,
        approval=_approval(row),
        expired=row["expired"],
        waited_seconds=round(float(row["waited_seconds"]), 1),
        alert_id=row["alert_id"],
        critical=row["alert_severity"] == SeverityLevel.CRITICAL,
        waiting=waiting_case(row),
        submitted_by=frozenset(row["submitted_by"] or ()),
    )


def waiting_case(row: dict[str, Any]) -> Waiting:
    """Whom to wake, from a row that has the case's columns."""
    return Waiting(
        tenant_id=row["tenant_id"],
        investigation_id=row["investigation_id"],
        orchestration_id=row["orchestration_id"] or row["investigation_id"],
        severity=row["alert_severity"],
        opened_at=row["opened_at"] or "",
    )


def _approval(row: dict[str, Any]) -> Approval:
    values = {name: row[name] for name in Approval.model_fields}
    times = {
        name: values[name].isoformat() if values[name] else None
        for name in ("requested_at", "expires_at", "decided_at", "escalated_at")
    }
    return Approval.from_stored({**values, **times}, where=f"action_approvals {row['approval_id']}")


def _json(actions: list[Any]) -> Jsonb:
    return Jsonb(storable([action.model_dump(mode="json") for action in actions]))
