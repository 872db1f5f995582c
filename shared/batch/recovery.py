"""Jobs of which nobody knows whether the provider has them: looked for in its list, never sent again blindly.

The list has no custom ids, only results have, so a batch that may be ours is waited for until it has ended.
"""

from __future__ import annotations

import logging
from contextlib import aclosing
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from shared.batch import queue
from shared.batch.job import Job
from shared.batch.scheduler import LEASE, SQL, BatchScheduler, task_of
from shared.contracts.tenant import EVERY_TENANT
from shared.stores.postgres import Postgres

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.gateway.batch_client import ProviderBatch
    from shared.gateway.batch_gateway import BatchGateway

CLOCKS_DIFFER = timedelta(minutes=5)  # between the database's clock and the provider's

log = logging.getLogger(__name__)


class BatchRecovery:
    """Finds out what became of a submission."""

    def __init__(self, postgres: Postgres, gateway: Callable[[], BatchGateway], scheduler: BatchScheduler) -> None:
        self._postgres = postgres
        self._gateway = gateway
        self._scheduler = scheduler

    async def resolve(self, job: Job) -> None:
        """Adopt the job's batch, or give its tasks back when the provider has none; else it stays open.

        Raises ModelUnavailable, StoreUnavailable.
        """
        maybe = await self._candidates(job)
        for batch in maybe:
            if batch.ended and await self._is_of(job, batch):
                log.warning("Batch job %s was found at the provider as %s.", job.job_id, batch.batch_id)
                await self._scheduler.adopt(job.kind, job.job_id, batch.batch_id)
                return
        if all(batch.ended for batch in maybe):
            log.warning("Batch job %s never reached the provider; its tasks wait again.", job.job_id)
            await self._scheduler.give_up(job.kind, job.job_id, "the batch never reached the provider", sent=False)

    async def _candidates(self, job: Job) -> list[ProviderBatch]:
        """Batches as large as the job that nobody knows, made while it may have been submitted."""
        listed = await self._gateway().batches.since(job.submitted_at - CLOCKS_DIFFER)
        latest = job.submitted_at + LEASE + CLOCKS_DIFFER
        fitting = [batch for batch in listed if batch.items == job.item_count and batch.created_at <= latest]
        values = {"batch_api_ids": [batch.batch_id for batch in fitting]}
        async with self._postgres.transaction(EVERY_TENANT) as connection:
            rows = await (await connection.execute(SQL["known_batches"], values)).fetchall()
        known = {row["batch_api_id"] for row in rows}
        return [batch for batch in fitting if batch.batch_id not in known]

    async def _is_of(self, job: Job, batch: ProviderBatch) -> bool:
        """By the first result's custom id: one that names a task of this job in this attempt."""
        async with aclosing(self._gateway().batches.results(batch.batch_id)) as results:
            first = await anext(results, None)
        named = task_of(first.custom_id) if first else None
        return named is not None and await self._went_out_with(job, *named)

    async def _went_out_with(self, job: Job, task_id: UUID, attempt: int) -> bool:
        async with self._postgres.transaction(job.kind.tenant_id) as connection:
            found = await queue.of_job(connection, job.kind, job.job_id, [task_id])
        return any(item.attempts == attempt for item in found)
