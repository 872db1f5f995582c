"""The executor: takes what `actions.pending` asks, when code agrees. What its class is not live for is a dry run, which
records what would have been done; the rest is carried out by live.py.
"""

from __future__ import annotations

import logging
from pathlib import Path

from shared.bus.outbox import put
from shared.bus.producer import Producer
from shared.bus.received import Received, handled
from shared.contracts.action import Action, ActionStatus, PendingAction, actions_hash
from shared.contracts.approval import GRANTS
from shared.contracts.executor import ExecutorConstraints
from shared.response.catalogue import checked_parameters
from shared.response.live import LiveActions
from shared.response.report import action_event
from shared.response.stored_actions import StoredAction, record
from shared.stores.postgres import Connection, Postgres
from shared.stores.statements import statements

logger = logging.getLogger(__name__)

_SQL = statements(Path(__file__).with_suffix(".sql"))


class Executor:
    """Handles each pending action once. A refusal is a result, recorded like any other. Without ``live`` all is dry."""

    def __init__(
        self, postgres: Postgres, producer: Producer, constraints: ExecutorConstraints, live: LiveActions | None = None
    ) -> None:
        self._postgres = postgres
        self._producer = producer
        self._constraints = constraints
        self._live = live

    async def process(self, message: Received) -> None:
        """Execute one message of `actions.pending`; poison goes to the dead letters. Raises Retryable."""
        await handled(self._producer, message, self._execute)

    async def _execute(self, value: bytes) -> None:
        pending = PendingAction.from_json(value)
        async with self._postgres.transaction(pending.tenant_id) as connection:
            refusal, approved = await self._judge(connection, pending)
            checked_parameters(approved)
            action = _stored(pending, approved)
            if refusal:
                status, detail = ActionStatus.REFUSED, refusal
            elif self._live and self._live.connector(action):
                status, detail = ActionStatus.PENDING, f"will {action.words}"
            else:
                status, detail = ActionStatus.DRY_RUN, f"dry run: would {action.words}"
            if await record(connection, action.model_copy(update={"status": status, "detail": detail})):
                event = action_event(
                    action, status, detail, playbook_id=pending.playbook_id, approval_id=pending.approval_id
                )
                await put(connection, pending.tenant_id, pending.investigation_id, [event])
        logger.info("Action %s on %r: %s", action.action, action.target, status)  # %r: hostile text
        if self._live and status is ActionStatus.PENDING:
            await self._live.carry_out(action.tenant_id, action.action_id)

    async def _judge(self, connection: Connection, pending: PendingAction) -> tuple[str, Action]:
        """Why this action may not run, or an empty string; and the action, as it was approved if it was."""
        proposed = pending.action
        if not proposed.destructive and pending.playbook_id in self._constraints.allowlisted_playbooks:
            return "", proposed
        if not proposed.destructive and not pending.approval_id:
            return f"unauthorized_playbook: {pending.playbook_id or '(none)'} is not on the allow-list", proposed
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
            return "unapproved_action: it needs a granted approval of this investigation", proposed
        granted = [
            Action.from_stored(item, where=f"action_approvals {pending.approval_id}") for item in approval["actions"]
        ]
        if approval["actions_hash"] != actions_hash(granted):
            return "changed_approval: its actions are not those that were granted", proposed
        same = (item for item in granted if (item.action, item.target) == (proposed.action, proposed.target))
        approved = next(same, None)
        if approved is None:
            return "changed_action: the approval was given for other actions or targets", proposed
        return "", approved


def _stored(pending: PendingAction, action: Action) -> StoredAction:
    return StoredAction(
        action_id=pending.action_id,
        investigation_id=pending.investigation_id,
        alert_id=pending.alert_id,
        tenant_id=pending.tenant_id,
        action=action.action,
        target=action.target,
        parameters=action.parameters,
        approved_by=pending.approved_by,
    )
