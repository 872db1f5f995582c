"""ENRICH, CTEM and ATLAS in parallel, and the question to the model that joins them."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from shared.bus.outbox import OutboxMessage
from shared.contracts.investigation import AgentRole, GraphState, InvestigationState
from shared.contracts.llm_job import job_topic
from shared.errors import Retryable, StoredByAnotherVersion, Terminal
from shared.investigation import report
from shared.investigation.agents.agent import Agent, decision_entry, not_gathered
from shared.investigation.evidence import is_safety_relevant
from shared.investigation.findings import finding, merged
from shared.investigation.flow import PARALLEL, Step
from shared.investigation.repository import Findings
from shared.investigation.steps.incident import with_incident
from shared.investigation.steps.step_context import StepContext
from shared.investigation.steps.verdict import reasoning_job

logger = logging.getLogger(__name__)

# What a case lacks when the agent of a step fails as a whole.
_GATHERS = {
    Step.ENRICH_CONTEXT: (AgentRole.CONTEXT_ENRICHER, "risk signals, similar incidents and logs"),
    Step.CORRELATE_EXPOSURES: (AgentRole.CTEM_CORRELATOR, "exposures"),
    Step.MAP_TECHNIQUES: (AgentRole.ATLAS_MAPPER, "techniques"),
}


class NothingGathered(Terminal):
    """A parallel agent fails and always will, or has failed for as long as a case waits: the case goes on without."""

    def __init__(self, state: GraphState, missing: str) -> None:
        super().__init__(missing)
        self.state = state


async def gather(context: StepContext, state: GraphState, step: Step, earlier: Findings) -> GraphState:
    """One parallel agent: its finding is kept apart, because three of them work on one investigation at once.

    Raises NothingGathered, after which the transaction of the step may be of no use, and Retryable.
    """
    if state.state is InvestigationState.ENRICHING and not earlier:
        agents: dict[Step, Agent] = {
            Step.ENRICH_CONTEXT: context.enricher,
            Step.CORRELATE_EXPOSURES: context.correlator,
            Step.MAP_TECHNIQUES: context.mapper,
        }
        try:
            after = await agents[step].execute(state)
            await context.repository.keep_finding(state, step, finding(state, after))
        except StoredByAnotherVersion:
            raise
        except Exception as error:
            opened = datetime.fromisoformat(state.case_facts.opened_at)
            if isinstance(error, Retryable) and datetime.now(UTC) - opened < context.llm_wait:
                raise
            raise NothingGathered(state, not_gathered(_GATHERS[step][1], error)) from error
    return state


async def go_on_without(context: StepContext, why: NothingGathered, step: Step) -> None:
    """Keep as the step's finding that there is none, so that the verdict and people know. Raises StoreUnavailable."""
    state, (agent, what) = why.state, _GATHERS[step]
    logger.error("Investigation %s goes on without its %s.", state.investigation_id, what, exc_info=why)
    entry = decision_entry(state, step=step, agent=agent, action="gathered nothing", reasoning=str(why))
    missing = sorted({*state.case_facts.context_missing, str(why)})
    without = state.with_facts(context_missing=missing).model_copy(
        update={
            "ctem_stale": state.ctem_stale or step is Step.CORRELATE_EXPOSURES,  # unknown, not none (llm.md §13)
            "decision_chain": [*state.decision_chain, entry],
        }
    )
    await context.repository.keep_finding(state, step, finding(state, without))


async def ask_model(context: StepContext, state: GraphState, attempt: int, found: Findings) -> GraphState:
    """enriching -> reasoning with everything gathered, and the model's job on the queue of the alert's severity."""
    message = _job_message(state, attempt)
    if state.state is InvestigationState.REASONING and attempt > 1:
        await context.repository.send(state, message)  # an escalation is no transition
        return state
    if state.state is not InvestigationState.ENRICHING:
        return state
    joined = merged(state, *(found.get((step, 1), {}) for step in PARALLEL))
    safe = joined.fp_dismissal_allowed and not is_safety_relevant(joined)
    joined = await with_incident(context, joined.model_copy(update={"fp_dismissal_allowed": safe}))
    return await context.advance(
        state,
        joined,
        step=Step.ASK_MODEL,
        agent=report.SERVICE,
        to=InvestigationState.REASONING,
        reason=f"context is complete; asked the model on {message.topic}",
        messages=[report.enriched(joined), message],
    )


def _job_message(state: GraphState, attempt: int) -> OutboxMessage:
    job = reasoning_job(state, attempt)
    return OutboxMessage(topic=job_topic(job.severity), key=state.alert_id, value=job.to_json())
