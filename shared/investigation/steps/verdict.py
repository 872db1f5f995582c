"""REASON: the model's answer (a queued job) and the judgement on it (code)."""

from __future__ import annotations

from typing import Any

from shared.bus.outbox import OutboxMessage
from shared.contracts.approval import Approval
from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.investigation import AgentRole, Classification, GraphState, InvestigationState
from shared.contracts.llm_job import LLMJob
from shared.contracts.routing import DegradationLevel
from shared.investigation import report
from shared.investigation.agents.agent import decision_entry, found_or
from shared.investigation.agents.log_questions import ask_what_the_model_wants
from shared.investigation.agents.reasoning import ReasoningAgent
from shared.investigation.approval_request import approval_request
from shared.investigation.case import is_incomplete
from shared.investigation.decision import Row, decide, must_escalate, with_floor
from shared.investigation.findings import finding, merged
from shared.investigation.flow import Step
from shared.investigation.repository import Findings
from shared.investigation.steps.incident import without_what_is_asked
from shared.investigation.steps.opening import with_what_holds_now
from shared.investigation.steps.step_context import StepContext

REASON = "reason"  # the step of the queued job


def reasoning_job(state: GraphState, attempt: int) -> LLMJob:
    """The question that is queued for an investigation."""
    return LLMJob(
        investigation_id=state.investigation_id,
        tenant_id=state.tenant_id,
        alert_id=state.alert_id,
        attempt=attempt,
        round=state.round,
        severity=state.alert_severity,
    )


async def answer(context: StepContext, job: LLMJob) -> None:
    """Ask the model once per (investigation, round, attempt) and keep the answer before anyone is told.

    Raises ModelUnavailable (deliver the job again), NotFound for a job of no investigation.
    """
    state, earlier = await context.repository.load_with_findings(job.tenant_id, job.investigation_id, REASON)
    if state.state is not InvestigationState.REASONING or job.round != state.round:
        return  # the investigation does not wait for it
    if (REASON, job.attempt) in earlier:
        return
    previous = None
    if job.attempt > 1:
        first = merged(state, earlier.get((REASON, 1), {}))
        previous = 0.0 if must_escalate(first) else first.confidence  # unsure in words is not sure either
    wanted = earlier.get((REASON, job.attempt - 1), {}).get("case_facts", {}).get("wanted_questions", [])
    missing: list[str] = []
    further = ask_what_the_model_wants(context.hunter, state, wanted)
    asked = await found_or(further, state, what="logs", missing=missing)
    asked = asked.with_facts(context_missing=[*asked.case_facts.context_missing, *missing])
    after = await ReasoningAgent(context.gateway, previous_confidence=previous).execute(asked)
    if job.attempt > 1 or not (must_escalate(after) or after.case_facts.wanted_questions):  # else it is asked again
        after = await context.chooser.execute(after)
    await context.repository.keep_finding(state, REASON, finding(state, after), attempt=job.attempt)


async def judge(context: StepContext, state: GraphState, attempt: int, kept: Findings) -> tuple[GraphState, bool]:
    """reasoning -> responding or awaiting_human. The second value asks for the stronger model instead."""
    if state.state is not InvestigationState.REASONING:
        return state, False
    findings = [kept.get((REASON, number)) for number in range(1, attempt + 1)]
    judged = _best(state, findings)
    if attempt == 1 and findings[0] is not None:
        if await _asks_again(context, judged):
            return state, True
        judged = judged.with_facts(escalation_refused=must_escalate(judged))
    prepared = await with_what_holds_now(context, await context.responder.execute(with_floor(judged)))
    decision = decide(prepared, context.constraints)
    asked = await without_what_is_asked(context, prepared)  # the decision counts what was wanted, asked or not
    decided = asked.model_copy(update={"classification": decision.classification})
    if decision.row is Row.SHADOW_MODE:  # nothing is executed, so there is nothing to approve
        would = [f"{action.action} {action.target}" for action in decided.recommended_actions]
        decided = decided.with_facts(shadow_actions=would).model_copy(update={"recommended_actions": []})
    messages = report.judged(decided, decision)
    if attempt > 1:
        messages.insert(0, _asked_again(decided, merged(state, findings[0] or {})))
    approval = None
    if decision.state is InvestigationState.AWAITING_HUMAN:
        approval = await _request(context, decided, "; ".join([decision.reason, *decided.case_facts.asked_already]))
        decided = decided.with_facts(approval_id=approval.approval_id, approval_deadline=approval.expires_at)
        decided = decided.model_copy(update={"requires_human_approval": True})
        messages.append(report.approval_requested(decided, approval))
    moved = await context.advance(
        state,
        decided,
        step=Step.JUDGE,
        agent=AgentRole.REASONING_AGENT,
        to=decision.state,
        reason=f"{decision.row}: {decision.reason}",
        messages=messages,
        approval=approval,
        ends=not is_incomplete(decided),  # else what completes it is looked for once more
    )
    return moved, False


async def _asks_again(context: StepContext, first: GraphState) -> bool:
    """Whether the first answer leads to a second, of the stronger model or with more of the logs."""
    if must_escalate(first):
        return await context.repository.take_escalation(first)
    return bool(first.case_facts.wanted_questions)


def _best(state: GraphState, findings: list[dict[str, Any] | None]) -> GraphState:
    """The state with the answer that saw more logs, else the more confident one; what every answer cost counts."""
    answers = [found for found in findings if found is not None]
    if not answers:
        return _undecided(state)
    best = max(answers, key=lambda found: (_saw_more(found), found.get("confidence", 0.0)))
    accounts = ("llm_calls", "queries_executed", "log_answers", "total_cost_usd", "decision_chain")
    others = [{key: found[key] for key in accounts if key in found} for found in answers if found is not best]
    return merged(state, *others, best)


def _saw_more(found: dict[str, Any]) -> bool:
    """Whether a valid answer was made with a second round of questions to the logs."""
    return "log_answers" in found and "model_refusal" not in found.get("case_facts", {})


def _asked_again(decided: GraphState, first: GraphState) -> OutboxMessage:
    """Why there was a second answer: the first was unsure, or wanted to know more of the logs."""
    if must_escalate(first):
        escalated = {"from": "tier_1", "to": "tier_1+", "reason": "confidence under 0.6 or uncertainty"}
        return report.event(decided, AuditEventType.ALERT_ESCALATED, context=escalated)
    return report.event(
        decided,
        AuditEventType.INVESTIGATION_ENRICHED,
        actor_id=AgentRole.REASONING_AGENT,
        context={"stores_queried": ["log_analytics"], **report.logs_asked(decided)},
    )


def _undecided(state: GraphState) -> GraphState:
    """No answer in time: nothing closes by itself, and the level says why."""
    line = decision_entry(
        state,
        step=REASON,
        agent=AgentRole.REASONING_AGENT,
        action="went on without a model",
        reasoning="no model answered in time",
    )
    return state.model_copy(
        update={
            "classification": Classification.REQUIRES_INVESTIGATION,
            "confidence": 0.0,
            "severity": state.alert_severity,
            "requires_human_approval": True,
            "degradation_level": DegradationLevel.DETERMINISTIC_ONLY,
            "decision_chain": [*state.decision_chain, line],
        }
    )


async def _request(context: StepContext, state: GraphState, reason: str) -> Approval:
    actions = state.recommended_actions
    protected = await context.protected_targets(state.tenant_id, actions) if actions else {}
    return approval_request(state, actions, reason=reason, times=context.approval_times, protected=protected)
