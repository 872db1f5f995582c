"""AWAIT_HUMAN, RESPOND and the end: what an answer leads to, and what happens when nothing can."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.bus.outbox import OutboxMessage
from shared.contracts.action import actions_hash
from shared.contracts.approval import GRANTS, Approval, ApprovalStatus
from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.investigation import AgentRole, GraphState, InvestigationState, Outcome
from shared.errors import Conflict
from shared.investigation import report
from shared.investigation.decision import BENIGN
from shared.investigation.flow import Step
from shared.investigation.steps.step_context import StepContext
from shared.investigation.transitions import FINAL


async def waiting(context: StepContext, state: GraphState) -> GraphState:
    """The case as it waits: the deadline is the approval's own, which an escalation moves on; nothing is stored."""
    approval = await context.approvals.resolve(state.tenant_id, state.case_facts.approval_id)
    return state.with_facts(approval_deadline=approval.expires_at)


async def resolve_approval(context: StepContext, state: GraphState) -> GraphState:
    """awaiting_human -> responding when granted, -> closed by any other answer or too late; a pending one changes
    nothing but the deadline that is waited for.
    """
    if state.state is not InvestigationState.AWAITING_HUMAN:
        return state
    approval = await context.approvals.resolve(state.tenant_id, state.case_facts.approval_id)
    if approval.status is ApprovalStatus.PENDING:
        return state.with_facts(approval_deadline=approval.expires_at)
    if approval.status in GRANTS:
        refused = len(approval.denied_actions)
        return await context.advance(
            state,
            state,
            step=Step.RESOLVE_APPROVAL,
            agent=report.SERVICE,
            to=InvestigationState.RESPONDING,
            reason=f"{_granters(approval)} approved {len(approval.actions)} action(s)"
            + (f" and denied {refused}" if refused else ""),
            messages=[],
        )
    closed, reason, messages = await _without_action(context, state, approval)
    return await context.advance(
        state,
        closed,
        step=Step.RESOLVE_APPROVAL,
        agent=report.SERVICE,
        to=InvestigationState.CLOSED,
        reason=reason,
        messages=[*messages, report.incident_stored(closed, datetime.now(UTC).isoformat())],
    )


async def _without_action(
    context: StepContext, state: GraphState, approval: Approval
) -> tuple[GraphState, str, list[OutboxMessage]]:
    """How a case ends of whose actions none was granted: the state, the reason and what else there is to report."""
    if approval.status is ApprovalStatus.TIMED_OUT:
        closed = state.model_copy(update={"outcome": Outcome.TIMED_OUT})
        return closed, "nobody answered in time; nothing was executed", [report.approval_timed_out(closed, approval)]
    if approval.status is ApprovalStatus.DISPOSED:
        said = await context.approvals.disposition(approval)
        closed = state.with_facts(disposition=said.disposition).model_copy(update={"outcome": Outcome.DISPOSED})
        return closed, f"{said.decided_by}: {said.disposition} ({said.reason})", []
    closed = state.model_copy(update={"outcome": Outcome.REJECTED})
    return closed, f"rejected by {approval.decided_by}", []


def _granters(approval: Approval) -> str:
    both = (approval.first_granted_by, approval.decided_by)
    return " and ".join(person for person in both if person)


async def respond(context: StepContext, state: GraphState) -> GraphState:
    """responding -> closed: the actions go to the executor with the transition that records them; after an approval
    exactly those that it grants.
    """
    if state.state is not InvestigationState.RESPONDING:
        return state
    approval = await _granted(context, state)
    dismissed = approval is None and state.classification in BENIGN
    outcome = _outcome(approval) if approval else Outcome.AUTO_CLOSED if dismissed else Outcome.RESPONDED
    closed = state.model_copy(update={"outcome": outcome})
    granted = {(action.action, action.target) for action in approval.actions} if approval else None
    actions = [
        report.pending_action(closed, place, approval=approval)
        for place, action in enumerate(closed.recommended_actions)
        if granted is None or (action.action, action.target) in granted
    ]
    return await context.advance(
        state,
        closed,
        step=Step.RESPOND,
        agent=AgentRole.RESPONSE_AGENT,
        to=InvestigationState.CLOSED,
        reason=f"{len(actions)} action(s) handed to the executor",
        messages=[
            *actions,
            *([report.auto_closed(closed, closing_rule=7)] if dismissed else []),
            report.incident_stored(closed, datetime.now(UTC).isoformat()),
        ],
    )


def _outcome(approval: Approval) -> Outcome:
    return Outcome.PARTLY_APPROVED if approval.denied_actions else Outcome.APPROVED


async def fail(context: StepContext, state: GraphState, *, error: str, step: str = "") -> GraphState:
    """any open state -> failed, with the error on the case, and the step that can never be made if it was one. A person
    must look at it.
    """
    if state.state in FINAL:
        return state
    failed = state.with_facts(error=error[:2048]).model_copy(update={"outcome": Outcome.FAILED})
    return await context.advance(
        state,
        failed,
        step="fail",
        agent=report.SERVICE,
        to=InvestigationState.FAILED,
        reason=f"step {step} cannot succeed: {error[:1024]}" if step else error[:1024],
        messages=[
            report.event(
                failed,
                AuditEventType.ALERT_ESCALATED,
                context={"to": "human", "reason": error[:1024]},
                severity="critical",
            )
        ],
    )


async def _granted(context: StepContext, state: GraphState) -> Approval | None:
    approval_id = state.case_facts.approval_id
    if not approval_id:
        return None
    approval = await context.approvals.resolve(state.tenant_id, approval_id)
    if approval.status not in GRANTS:
        raise Conflict(f"approval {approval_id} is {approval.status}, so nothing may be executed")
    proposed = {(action.action, action.target) for action in state.recommended_actions}
    changed = [action for action in approval.actions if (action.action, action.target) not in proposed]
    if changed or not approval.actions or approval.actions_hash != actions_hash(approval.actions):
        raise Conflict(f"approval {approval_id} was given for other actions, so nothing may be executed")
    return approval
