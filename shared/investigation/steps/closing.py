"""AWAIT_HUMAN, RESPOND and the end: what an answer leads to, and what happens when nothing can."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.contracts.action import actions_hash
from shared.contracts.approval import Approval, ApprovalStatus
from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.investigation import AgentRole, GraphState, InvestigationState
from shared.errors import Conflict
from shared.investigation import report
from shared.investigation.decision import BENIGN
from shared.investigation.flow import Step
from shared.investigation.steps.step_context import StepContext
from shared.investigation.transitions import FINAL


async def resolve_approval(context: StepContext, state: GraphState) -> GraphState:
    """awaiting_human -> responding when granted, -> closed when denied or too late; a pending one changes nothing."""
    if state.state is not InvestigationState.AWAITING_HUMAN:
        return state
    approval = await context.approvals.resolve(state.tenant_id, state.case_facts.approval_id)
    if approval.status is ApprovalStatus.PENDING:
        return state
    if approval.status is ApprovalStatus.GRANTED:
        return await context.advance(
            state,
            state,
            step=Step.RESOLVE_APPROVAL,
            agent=report.SERVICE,
            to=InvestigationState.RESPONDING,
            reason=f"approved by {approval.decided_by}",
            messages=[],
        )
    late = approval.status is ApprovalStatus.TIMED_OUT
    closed = state.model_copy(update={"outcome": "timed_out" if late else "rejected"})
    messages = [report.approval_timed_out(closed, approval)] if late else []
    return await context.advance(
        state,
        closed,
        step=Step.RESOLVE_APPROVAL,
        agent=report.SERVICE,
        to=InvestigationState.CLOSED,
        reason="nobody answered in time; nothing was executed" if late else f"rejected by {approval.decided_by}",
        messages=[*messages, report.incident_stored(closed, datetime.now(UTC).isoformat())],
    )


async def respond(context: StepContext, state: GraphState) -> GraphState:
    """responding -> closed: the actions go to the executor with the transition that records them."""
    if state.state is not InvestigationState.RESPONDING:
        return state
    approval = await _granted(context, state)
    dismissed = approval is None and state.classification in BENIGN
    outcome = "approved" if approval else "auto_closed" if dismissed else "responded"
    closed = state.model_copy(update={"outcome": outcome})
    actions = [
        report.pending_action(closed, place, approval=approval) for place in range(len(closed.recommended_actions))
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


async def fail(context: StepContext, state: GraphState, *, step: str, error: str) -> GraphState:
    """any open state -> failed, with the error on the case. A person must look at it."""
    if state.state in FINAL:
        return state
    failed = state.with_facts(error=error[:2048]).model_copy(update={"outcome": "failed"})
    return await context.advance(
        state,
        failed,
        step="fail",
        agent=report.SERVICE,
        to=InvestigationState.FAILED,
        reason=f"step {step} cannot succeed: {error[:1024]}",
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
    if approval.status is not ApprovalStatus.GRANTED:
        raise Conflict(f"approval {approval_id} is {approval.status}, so nothing may be executed")
    if approval.actions_hash != actions_hash(state.recommended_actions):
        raise Conflict(f"approval {approval_id} was given for other actions, so nothing may be executed")
    return approval
