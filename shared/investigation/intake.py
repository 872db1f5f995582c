"""The two ways in: an alert that opens an investigation, and a queued question to the model."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from shared.bus.producer import Producer
from shared.bus.received import Received, handled
from shared.contracts.alert import NormalizedAlert
from shared.contracts.investigation import GraphState, InvestigationState
from shared.contracts.llm_job import LLMJob
from shared.gateway.call_failed import CallFailed
from shared.investigation.case import is_incomplete
from shared.investigation.graph import InvestigationGraph

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Opened:
    """An alert's investigation. ``must_look_again``: it waits for a person, unaware that its entities have come.

    A case that is still at work finds them at its next step, without being told.
    """

    state: GraphState
    must_look_again: bool


class InvestigationIntake:
    """Messages of `alerts.normalized`."""

    def __init__(self, producer: Producer, graph: InvestigationGraph) -> None:
        self._producer = producer
        self._graph = graph

    async def open(self, message: Received) -> Opened | None:
        """The stored investigation of the alert, or None for poison. Raises Retryable."""

        async def store(value: bytes) -> Opened:
            state = await self._graph.open(NormalizedAlert.from_json(value))
            return Opened(state, is_incomplete(state) and state.state is InvestigationState.AWAITING_HUMAN)

        return await handled(self._producer, message, store)


class LLMJobs:
    """Messages of `jobs.llm.priority.*`, each queue with its own number of calls at once."""

    def __init__(self, producer: Producer, graph: InvestigationGraph, *, concurrency: Mapping[str, int]) -> None:
        self._producer = producer
        self._graph = graph
        self._slots = {f"jobs.llm.priority.{queue}": asyncio.Semaphore(limit) for queue, limit in concurrency.items()}

    async def answer(self, message: Received) -> LLMJob | None:
        """The job, once its answer is stored, or None when it is no job or goes to the end of its queue.

        Raises Retryable while no model can be asked at all: then the whole queue waits.
        """

        async def ask(value: bytes) -> LLMJob | None:
            job = LLMJob.from_json(value)
            try:
                async with self._slots[message.topic]:
                    await self._graph.answer(job)
            except CallFailed as error:
                # The question itself may be what no model answers, and must not hold up those behind it. The case's
                # own time limit ends this; failures of others open the circuit breaker, and then all wait.
                logger.warning("Investigation %s asks again later: %s", job.investigation_id, error)
                await self._producer.publish(message.topic, value, key=job.alert_id, headers=message.headers)
                return None
            return job

        return await handled(self._producer, message, ask)
