"""The two ways in: an alert that opens an investigation, and a queued question to the model."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from shared.bus.producer import Producer
from shared.bus.received import Received, handled
from shared.contracts.alert import NormalizedAlert
from shared.contracts.investigation import GraphState
from shared.contracts.llm_job import LLMJob
from shared.investigation.graph import InvestigationGraph


class InvestigationIntake:
    """Messages of `alerts.normalized`."""

    def __init__(self, producer: Producer, graph: InvestigationGraph) -> None:
        self._producer = producer
        self._graph = graph

    async def open(self, message: Received) -> GraphState | None:
        """The stored investigation of the alert, or None for poison. Raises Retryable."""

        async def store(value: bytes) -> GraphState:
            return await self._graph.open(NormalizedAlert.from_json(value))

        return await handled(self._producer, message, store)


class LLMJobs:
    """Messages of `jobs.llm.priority.*`, each queue with its own number of calls at once."""

    def __init__(self, producer: Producer, graph: InvestigationGraph, *, concurrency: Mapping[str, int]) -> None:
        self._producer = producer
        self._graph = graph
        self._slots = {f"jobs.llm.priority.{queue}": asyncio.Semaphore(limit) for queue, limit in concurrency.items()}

    async def answer(self, message: Received) -> LLMJob | None:
        """The job, once its answer is stored, or None for poison. Raises Retryable while the model is away."""

        async def ask(value: bytes) -> LLMJob:
            job = LLMJob.from_json(value)
            async with self._slots[message.topic]:
                await self._graph.answer(job)
            return job

        return await handled(self._producer, message, ask, dead_letters=f"{message.topic}.dlq")
