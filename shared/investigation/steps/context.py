"""ENRICH, CTEM and ATLAS in parallel, and the question to the model that joins them."""

from __future__ import annotations

from shared.bus.outbox import OutboxMessage
from shared.contracts.investigation import GraphState, InvestigationState
from shared.contracts.llm_job import job_topic
from shared.investigation import report
from shared.investigation.agents.agent import Agent
from shared.investigation.evidence import is_safety_relevant
from shared.investigation.findings import finding, merged
from shared.investigation.flow import PARALLEL, Step
from shared.investigation.repository import Findings
from shared.investigation.steps.incident import with_incident
from shared.investigation.steps.step_context import StepContext
from shared.investigation.steps.verdict import reasoning_job


async def gather(context: StepContext, state: GraphState, step: Step, earlier: Findings) -> GraphState:
    """One parallel agent: its finding is kept apart, because three of them work on one investigation at once."""
    if state.state is InvestigationState.ENRICHING and not earlier:
        agents: dict[Step, Agent] = {
            Step.ENRICH_CONTEXT: context.enricher,
            Step.CORRELATE_EXPOSURES: context.correlator,
            Step.MAP_TECHNIQUES: context.mapper,
        }
        after = await agents[step].execute(state)
        await context.repository.keep_finding(state, step, finding(state, after))
    return state


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
