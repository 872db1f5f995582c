"""The executor: runs what `actions.pending` asks, when code agrees. Dry run is the only mode so far: it records what
it would have done; connectors to the products that really act come with their own settings.
"""

from __future__ import annotations

import logging
from pathlib import Path

from shared.audit.event import audit_event
from shared.audit.producer import audit_message
from shared.bus.outbox import put
from shared.bus.producer import Producer
from shared.bus.received import Received, handled
from shared.contracts.action import Action, PendingAction, actions_hash
from shared.contracts.approval import GRANTS
from shared.contracts.audit import ActorType, AuditSeverity
from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.executor import ExecutorConstraints
from shared.stores.postgres import Connection, Postgres
from shared.stores.statements import statements

logger = logging.getLogger(__name__)

_SQL = statements(Path(__file__).with_suffix(".sql"))


class Executor:
    """Handles each pending action once. A refusal is a result, recorded like any other."""

    def __init__(self, postgres: Postgres, producer: Producer, constraints: ExecutorConstraints) -> None:
        self._postgres = postgres
        self._producer = producer
        self._constraints = constraints

    async def process(self, message: Received) -> None:
        """Execute one message of `actions.pending`; poison goes to the dead letters. Raises Retryable."""
        await handled(self._producer, message, self._execute)

    async def _execute(self, value: bytes) -> None:
        pending = PendingAction.from_json(value)
        async with self._postgres.transaction(pending.tenant_id) as connection:
            refusal = await self._refusal(connection, pending)
            status, detail = ("refused", refusal) if refusal else ("dry_run", _would_do(pending.action))
            cursor = await connection.execute(
                _SQL["record_action"],
                {
                    "action_id": pending.action_id,
                    "investigation_id": pending.investigation_id,
                    "tenant_id": pending.tenant_id,
                    "action": pending.action.action,
                    "target": pending.action.target,
                    "status": status,
                    "detail": detail,
                    "approved_by": pending.approved_by,
                },
            )
            if cursor.rowcount == 0:
                return  # redelivered: already executed and audited
            await self._put_audit_event(connection, pending, status, detail)
        logger.info("Action %s on %r: %s", pending.action.action, pending.action.target, status)  # %r: hostile text

    async def _refusal(self, connection: Connection, pending: PendingAction) -> str:
        """Why this action may not run, or an empty string."""
        if not pending.action.destructive and pending.playbook_id in self._constraints.allowlisted_playbooks:
            return ""
        if not pending.action.destructive and not pending.approval_id:
            return f"unauthorized_playbook: {pending.playbook_id or '(none)'} is not on the allow-list"
        cursor = await connection.execute(
            _SQL["find_approval"],
            {
                "tenant_id": pending.tenant_id,
                "approval_id": pending.approval_id,
                "investigation_id": pending.investigation_id,
            },
        )
        approval = await cursor.fetchone()
        if approval is None or approval["status"] not in GRANTS:
            return "unapproved_action: it needs a granted approval of this investigation"
        approved = [
            Action.from_stored(item, where=f"action_approvals {pending.approval_id}") for item in approval["actions"]
        ]
        if approval["actions_hash"] != actions_hash(approved):
            return "changed_approval: its actions are not those that were granted"
        same = any((item.action, item.target) == (pending.action.action, pending.action.target) for item in approved)
        return "" if same else "changed_action: the approval was given for other actions or targets"

    async def _put_audit_event(self, connection: Connection, pending: PendingAction, status: str, detail: str) -> None:
        refused = status == "refused"
        event = audit_event(
            tenant_id=pending.tenant_id,
            event_type=AuditEventType.RESPONSE_EXECUTED,
            actor_type=ActorType.SYSTEM,
            actor_id="executor",
            investigation_id=pending.investigation_id,
            alert_id=pending.alert_id,
            severity=AuditSeverity.WARNING if refused else AuditSeverity.INFO,
            context={
                "action": pending.action.action,
                "target": pending.action.target,
                "playbook_id": pending.playbook_id,
                "approved_by": pending.approved_by,
                "approval_id": pending.approval_id,
                "mode": status,
                "result": detail,
            },
            outcome={"outcome_status": "blocked_by_guardrail" if refused else "success", "action_taken": detail},
            source_service="action-executor",
        )
        await put(connection, pending.tenant_id, pending.investigation_id, [audit_message(event)])


def _would_do(action: Action) -> str:
    return f"dry run: would {action.action.replace('_', ' ')} {action.target}"
