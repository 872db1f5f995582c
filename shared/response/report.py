"""What the executor tells the audit chain about an action."""

from __future__ import annotations

from shared.audit.event import audit_event
from shared.audit.producer import audit_message
from shared.bus.outbox import OutboxMessage
from shared.contracts.action import ActionStatus
from shared.contracts.audit import ActorType, AuditSeverity
from shared.contracts.audit_event_type import AuditEventType
from shared.response.stored_actions import StoredAction

OUTCOMES = {
    ActionStatus.REFUSED: "blocked_by_guardrail",
    ActionStatus.FAILED: "failed",
    ActionStatus.NEEDS_PERSON: "needs_person",
    ActionStatus.PENDING: "pending",
    ActionStatus.RUNNING: "pending",
}


def action_event(  # noqa: PLR0913 - an event says who, what and how it ended
    action: StoredAction,
    status: ActionStatus,
    detail: str,
    *,
    playbook_id: str = "",
    approval_id: str = "",
    actor: tuple[ActorType, str] = (ActorType.SYSTEM, "executor"),
    permissions: list[str] | None = None,
) -> OutboxMessage:
    """`response.executed` at each change of an action's status; of one that undoes another, `response.rolled_back`."""
    alarming = status in {ActionStatus.REFUSED, ActionStatus.FAILED, ActionStatus.NEEDS_PERSON}
    event = audit_event(
        tenant_id=action.tenant_id,
        event_type=AuditEventType.RESPONSE_ROLLED_BACK if action.undoes else AuditEventType.RESPONSE_EXECUTED,
        actor_type=actor[0],
        actor_id=actor[1],
        actor_permissions=permissions,
        investigation_id=action.investigation_id,
        alert_id=action.alert_id,
        severity=AuditSeverity.WARNING if alarming else AuditSeverity.INFO,
        context={
            "action_id": action.action_id,
            "action": action.action,
            "target": action.target,
            "parameters": action.parameters,
            "undoes": action.undoes,
            "playbook_id": playbook_id,
            "approved_by": action.approved_by,
            "approval_id": approval_id,
            "mode": status,
            "result": detail,
        },
        outcome={"outcome_status": OUTCOMES.get(status, "success"), "action_taken": detail},
        source_service="action-executor",
    )
    return audit_message(event)
