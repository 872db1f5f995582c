"""The queue of questions: one that no model answers holds up nobody, and an outage loses none."""

from dataclasses import replace
from typing import Any

import pytest

from shared.bus.producer import MemoryProducer
from shared.bus.received import Received
from shared.contracts.gateway import GatewayRequest, GatewayResponse
from shared.errors import ModelUnavailable
from shared.gateway.call_failed import CallFailed
from shared.investigation.flow import PARALLEL, Step
from shared.investigation.graph import InvestigationGraph
from shared.investigation.intake import LLMJobs
from shared.investigation.steps.step_context import StepContext
from shared.routing.degradation import QUEUE_CONCURRENCY
from tests.integration.investigation.conftest import ScriptedGateway, verdict
from tests.integration.investigation.test_graph import alert

QUEUE = "jobs.llm.priority.high"


class Failing(ScriptedGateway):
    """A model that raises what the test says."""

    error: ModelUnavailable

    async def complete(self, request: GatewayRequest, **_: Any) -> GatewayResponse:
        raise self.error


async def queued(graph: InvestigationGraph, context: StepContext, bus: MemoryProducer, tenant: str) -> Received:
    """The job of an investigation that waits for the model."""
    opened = await graph.open(alert(tenant))
    for step in (Step.EXTRACT_IOCS, Step.CHECK_FALSE_POSITIVE, *PARALLEL, Step.ASK_MODEL):
        await graph.perform(tenant, opened.investigation_id, step)
    await context.outbox.settled()
    (message,) = bus.on(QUEUE)
    return Received(QUEUE, message.value)


def jobs(context: StepContext, bus: MemoryProducer, error: ModelUnavailable) -> LLMJobs:
    gateway = Failing()
    gateway.error = error
    return LLMJobs(bus, InvestigationGraph(replace(context, gateway=gateway)), concurrency=QUEUE_CONCURRENCY)


async def test_question_whose_call_failed_goes_to_the_end_of_its_queue(
    graph: InvestigationGraph, context: StepContext, bus: MemoryProducer, tenant: str
) -> None:
    job = await queued(graph, context, bus, tenant)
    assert await jobs(context, bus, CallFailed("timed out", unanswered=3)).answer(job) is None
    assert [message.value for message in bus.on(QUEUE)] == [job.value, job.value]
    assert not [message for message in bus.messages if message.topic.endswith(".dlq")]


async def test_question_waits_where_it_stands_while_no_model_can_be_asked(
    graph: InvestigationGraph, context: StepContext, bus: MemoryProducer, tenant: str
) -> None:
    job = await queued(graph, context, bus, tenant)
    with pytest.raises(ModelUnavailable):
        await jobs(context, bus, ModelUnavailable("every circuit breaker is open")).answer(job)
    assert len(bus.on(QUEUE)) == 1


async def test_question_that_came_twice_is_paid_once(
    graph: InvestigationGraph, context: StepContext, gateway: ScriptedGateway, bus: MemoryProducer, tenant: str
) -> None:
    job = await queued(graph, context, bus, tenant)
    gateway.verdicts = [verdict("true_positive", 0.9)]
    queue = LLMJobs(bus, graph, concurrency=QUEUE_CONCURRENCY)
    assert [(await queue.answer(job)) is not None for _ in range(2)] == [True, True]
    assert gateway.verdicts == []
