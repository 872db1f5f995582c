"""InvestigationGraph (seed §4): opens an investigation and makes its steps, in the order of flow.py."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from shared.bus.received import UNREADABLE
from shared.contracts.alert import NormalizedAlert
from shared.contracts.approval import ApprovalDecision
from shared.contracts.entity import AlertEntities
from shared.contracts.investigation import GraphState, InvestigationState
from shared.contracts.llm_job import LLMJob
from shared.contracts.tenant import DEFAULT_TENANT
from shared.errors import Conflict, NotFound, Terminal
from shared.investigation.case import new_case
from shared.investigation.flow import PARALLEL, AwaitApproval, AwaitModel, Progress, Run, Step, investigation_flow
from shared.investigation.repository import Findings
from shared.investigation.steps.closing import fail, resolve_approval, respond, waiting
from shared.investigation.steps.context import NothingGathered, ask_model, gather, go_on_without
from shared.investigation.steps.late_entities import bind_late_entities
from shared.investigation.steps.opening import check_false_positive, extract_iocs, with_what_holds_now
from shared.investigation.steps.step_context import StepContext
from shared.investigation.steps.verdict import REASON, answer, judge, reasoning_job

logger = logging.getLogger(__name__)


# Steps that ask a model, Redis or Qdrant: no transaction stays open meanwhile. The others are one transaction each.
CALLS_OTHERS = frozenset({Step.EXTRACT_IOCS, Step.ENRICH_CONTEXT})

# Whose earlier findings a step looks at: what was found once is paid for and kept.
WANTS: dict[Step, tuple[str, ...]] = {
    **dict.fromkeys(Step, ()),
    **{step: (step,) for step in (Step.EXTRACT_IOCS, *PARALLEL)},
    Step.ASK_MODEL: (*PARALLEL, REASON),
    Step.JUDGE: (REASON,),
}


def _progress(state: GraphState, *, escalate: bool = False, answered: bool = False) -> Progress:
    return Progress(
        state=state.state,
        escalate=escalate,
        answered=answered,
        round=state.round,
        approval_id=state.case_facts.approval_id,
        approval_deadline=state.case_facts.approval_deadline,
    )


class InvestigationGraph:
    """One alert from received to closed."""

    def __init__(self, context: StepContext) -> None:
        self._context = context

    async def open(self, alert: NormalizedAlert) -> GraphState:
        """Store the investigation of an alert once and put it into its incident; a later message about it amends it.

        Raises StoreUnavailable.
        """
        state = await self._context.repository.open(alert, new_case(alert))
        try:
            await self._context.incidents.link(alert, state.investigation_id)
        except Terminal:  # a case is investigated without an incident rather than not at all
            logger.exception("Investigation %s is in no incident.", state.investigation_id)
        return state

    async def perform(self, tenant_id: str, investigation: str, step: Step, attempt: int = 1) -> Progress:
        """Make one step and say where the investigation stands. An error that can never pass fails the investigation.

        Raises Retryable: make the step again later.
        """
        try:
            return await self._perform(tenant_id, investigation, step, attempt)
        except NotFound as error:
            logger.error("Step %s ends an orchestration that has no investigation: %s", step, error)
            return Progress(state=InvestigationState.FAILED)
        finally:
            if step not in PARALLEL:  # these leave no message
                self._context.outbox.notify()

    async def _perform(self, tenant_id: str, investigation: str, step: Step, attempt: int) -> Progress:
        """As often as somebody else moved the investigation on meanwhile: each step is made once and then a no-op."""
        repository = self._context.repository
        while True:
            state: GraphState | None = None
            try:
                async with repository.unit_of_work(tenant_id, investigation, *WANTS[step]) as (state, found):
                    bound, seen = await self._seen(step, state)
                    if bound or step not in CALLS_OTHERS:
                        return bound or await self._make(step, state, attempt, seen, found)
                return await self._make(step, state, attempt, seen, found)
            except NothingGathered as error:
                await go_on_without(self._context, error, step)
                return _progress(error.state)
            except (Terminal, *UNREADABLE) as error:
                current = await repository.load(tenant_id, investigation)
                if state is not None and current.version != state.version:
                    continue  # a lost race is no failure; versions only grow, so this ends
                logger.exception("Step %s of investigation %s can never be made.", step, investigation)
                reason = error
            try:
                return _progress(await fail(self._context, current, step=step, error=str(reason)))
            except Conflict:
                continue

    async def give_up(self, tenant_id: str, investigation: str, reason: str) -> None:
        """Fail a case that makes no step; one that has just made one goes on. Raises StoreUnavailable."""
        state = await self._context.repository.load(tenant_id, investigation)
        with suppress(Conflict):
            await fail(self._context, state, error=reason)
        self._context.outbox.notify()

    async def answer(self, job: LLMJob) -> None:
        """Ask the model what a queued job wants. Raises ModelUnavailable, NotFound."""
        await answer(self._context, job)

    async def run(
        self, alert_id: str, tenant_id: str, entities: dict[str, Any], alert_title: str, severity: str
    ) -> GraphState:
        """Investigate in this process until the case is closed or waits for a person (seed §4)."""
        alert = NormalizedAlert.model_validate(
            {
                "alert_id": alert_id,
                "source": "direct",
                "timestamp": datetime.now(UTC).isoformat(),
                "title": alert_title,
                "severity": severity,
                "tenant_id": tenant_id,
                "parsed_entities": AlertEntities.model_validate(entities),
            }
        )
        return await self._drive(await self.open(alert))

    async def resume_from_approval(
        self,
        investigation_id: str,
        approved: bool,
        *,
        tenant_id: str = DEFAULT_TENANT,
        decided_by: str = "direct call",
    ) -> GraphState:
        """Answer the approval that an investigation waits for and go on (seed §4). Raises Conflict, NotFound."""
        state = await self._context.repository.load(tenant_id, investigation_id)
        approval = await self._context.approvals.resolve(tenant_id, state.case_facts.approval_id)
        decision = ApprovalDecision(approved=approved, actions_hash=approval.actions_hash)
        await self._context.approvals.decide(
            tenant_id, approval.approval_id, decision, decided_by=decided_by, permissions=[]
        )
        return await self._drive(state)

    async def _drive(self, state: GraphState) -> GraphState:
        """Follow the flow without a durable host, and publish what it reports: the process may end with its caller."""
        try:
            return await self._follow(state)
        finally:
            await self._context.outbox.settled()

    async def _follow(self, state: GraphState) -> GraphState:
        """Steps already made cost nothing."""
        tenant, investigation = state.tenant_id, state.investigation_id
        flow = investigation_flow()
        request = next(flow)
        while True:
            if isinstance(request, Run):
                made = await asyncio.gather(
                    *(self.perform(tenant, investigation, step, request.attempt) for step in request.steps)
                )
                progress = made[-1]
            else:
                current = await self._context.repository.load(tenant, investigation)
                progress = Progress(state=current.state)
                if isinstance(request, AwaitModel):
                    await self.answer(reasoning_job(current, request.attempt))
                elif isinstance(request, AwaitApproval) and await self._still_waits(current):
                    return current
            try:
                request = flow.send(progress)
            except StopIteration:
                return await self._context.repository.load(tenant, investigation)

    async def _still_waits(self, state: GraphState) -> bool:
        if state.state is not InvestigationState.AWAITING_HUMAN:
            return False
        approval = await self._context.approvals.resolve(state.tenant_id, state.case_facts.approval_id)
        return approval.decided_at is None

    async def _seen(self, step: Step, state: GraphState) -> tuple[Progress | None, GraphState]:
        """What every step begins with: late entities, which end it, and for the first one the pattern that may fit."""
        bound = await bind_late_entities(self._context, state)
        if bound is not None:
            return _progress(bound), bound
        if step is Step.EXTRACT_IOCS and state.state is InvestigationState.RECEIVED:
            return None, await with_what_holds_now(self._context, state)
        return None, state

    async def _make(  # noqa: PLR0911 - one return a step
        self, step: Step, state: GraphState, attempt: int, seen: GraphState, found: Findings
    ) -> Progress:
        context = self._context
        match step:
            case Step.ASK_MODEL:
                asked = await ask_model(context, state, attempt, found)
                return _progress(asked, answered=(REASON, attempt) in found)  # nobody need wait for its event
            case Step.JUDGE if state.state is InvestigationState.AWAITING_HUMAN:
                return _progress(await waiting(context, state))
            case Step.JUDGE:
                judged, escalate = await judge(context, state, attempt, found)
                # Entities that came while it was judged met a case at work, so nobody wakes it when it waits.
                bound = await bind_late_entities(context, judged)
                return _progress(bound) if bound else _progress(judged, escalate=escalate)
            case Step.ENRICH_CONTEXT | Step.CORRELATE_EXPOSURES | Step.MAP_TECHNIQUES:
                return _progress(await gather(context, state, step, found))
            case Step.EXTRACT_IOCS:
                return _progress(await extract_iocs(context, state, seen, found))
            case Step.CHECK_FALSE_POSITIVE:
                return _progress(await check_false_positive(context, state))
            case Step.RESOLVE_APPROVAL:
                return _progress(await resolve_approval(context, state))
            case Step.RESPOND:
                return _progress(await respond(context, state))
