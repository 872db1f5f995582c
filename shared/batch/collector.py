"""Collects submitted batches: every task gets one outcome, whatever is repeated, missing or unknown in the results.

What a chunk of results changes is one transaction: the answers, what lands of them, failed tasks back in their queue,
and the job's counts and cost. A task without an outcome is the only one that changes, so a crash repeats nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from shared.batch import queue
from shared.batch.job import Job, job_of
from shared.batch.landing import Landing, LandingRefused, landed
from shared.batch.recovery import BatchRecovery
from shared.batch.scheduler import POLL, SQL, BatchScheduler, task_of
from shared.batch.task_types import gateway_request
from shared.bus.outbox import Outbox, OutboxMessage, put
from shared.contracts.tenant import EVERY_TENANT
from shared.errors import Retryable
from shared.stores.postgres import Connection, Postgres
from shared.telemetry import LogAction, log_fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.gateway.batch_client import ItemResult
    from shared.gateway.batch_gateway import BatchGateway, CheckedItem

SLA = timedelta(hours=24)
CHUNK = 100  # results in one transaction
LEASE = timedelta(minutes=10)  # of whoever looks at a job
MOST_JOBS = 50  # looked at in one run

log = logging.getLogger(__name__)


class BatchCollector:
    """Looks at every tenant's open jobs. Any number of processes may collect."""

    def __init__(  # noqa: PLR0913 - what it reads from and lands in
        self,
        postgres: Postgres,
        outbox: Outbox,
        *,
        gateway: Callable[[], BatchGateway],
        scheduler: BatchScheduler,
        recovery: BatchRecovery,
        landings: Mapping[str, Landing],
    ) -> None:
        self._postgres = postgres
        self._outbox = outbox
        self._gateway = gateway
        self._scheduler = scheduler
        self._recovery = recovery
        self._landings = landings

    async def collect(self) -> int:
        """Look at the jobs whose turn it is; returns how many. One that fails now waits and holds up no other.

        Raises the last job's error, a Retryable, at the end.
        """
        looked, failure = 0, None
        while looked < MOST_JOBS and (job := await self._next()) is not None:
            looked += 1
            try:
                await self._look_at(job)
            except Retryable as error:
                log.warning("Batch job %s is looked at again later: %s", job.job_id, error)
                failure = error
        self._outbox.notify()
        if failure is not None:
            raise failure
        return looked

    async def _next(self) -> Job | None:
        async with self._postgres.transaction(EVERY_TENANT) as connection:
            row = await (await connection.execute(SQL["to_look_at"], {"lease": LEASE})).fetchone()
        return job_of(row) if row else None

    async def _look_at(self, job: Job) -> None:
        if not job.sla_breached and datetime.now(UTC) - job.submitted_at > SLA:
            await self._breached(job)
        if job.batch_id is None:
            await self._recovery.resolve(job)
        elif (batch := await self._gateway().batches.show(job.batch_id)) is None:
            await self._scheduler.give_up(job.kind, job.job_id, "the provider has no such batch any more", sent=True)
            return
        elif batch.ended:
            await self._read(job, job.batch_id)
            await self._end(job)
            return
        await self._execute(job, "look_again", pause=POLL)

    async def _breached(self, job: Job) -> None:
        """Alert once, and ask the provider to end the batch: what it has answered until then is still collected."""
        await self._execute(job, "breach")
        log.error(
            "Batch job %s of tenant %s (%d tasks of %s) has not ended within %d hours.",
            job.job_id,
            job.kind.tenant_id,
            job.item_count,
            job.kind.task_type,
            SLA.total_seconds() // 3600,
            extra=log_fields(LogAction.BATCH_SLA_BREACHED, job_id=str(job.job_id), tenant_id=job.kind.tenant_id),
        )
        if job.batch_id is not None:
            await self._gateway().batches.cancel(job.batch_id)

    async def _read(self, job: Job, batch_id: str) -> None:
        chunk: list[ItemResult] = []
        async with aclosing(self._gateway().batches.results(batch_id)) as results:
            async for result in results:
                chunk.append(result)
                if len(chunk) == CHUNK:
                    await self._keep(job, chunk)
                    chunk = []
        await self._keep(job, chunk)

    async def _keep(self, job: Job, results: Sequence[ItemResult]) -> None:
        """Check a chunk of results, then store what became of their tasks."""
        by_task = _by_task(job, results)
        async with self._postgres.transaction(job.kind.tenant_id) as connection:
            open_tasks = await queue.of_job(connection, job.kind, job.job_id, list(by_task))
        checked: dict[UUID, CheckedItem | str] = {}
        for item in open_tasks:
            attempt, result = by_task[item.task_id]
            if attempt != item.attempts:
                continue  # of another batch with the same task
            if result.reply is None:
                checked[item.task_id] = result.error
                continue
            request = gateway_request(job.kind.tenant_id, item.task)
            checked[item.task_id] = await self._gateway().read(request, result.reply, prompt_sha256=item.prompt_sha256)
        if checked:
            async with self._postgres.transaction(job.kind.tenant_id) as connection:
                await self._store(connection, job, checked)

    async def _store(self, connection: Connection, job: Job, checked: Mapping[UUID, CheckedItem | str]) -> None:
        still_open = await queue.of_job(connection, job.kind, job.job_id, list(checked))
        answers: dict[UUID, Any] = {}
        errors: dict[UUID, str] = {}
        messages: list[OutboxMessage] = []
        cost = Decimal(0)
        for item in still_open:
            outcome = checked[item.task_id]
            if isinstance(outcome, str):
                errors[item.task_id] = outcome
                continue
            cost += outcome.cost_usd
            if outcome.errors:
                errors[item.task_id] = ": ".join(outcome.errors[:2])
                continue
            try:
                landing = self._landings.get(job.kind.task_type)
                messages += await landed(landing, connection, job.kind.tenant_id, item.task, outcome.value)
                answers[item.task_id] = outcome.value
            except LandingRefused as error:
                errors[item.task_id] = f"not usable: {error}"
        await queue.finish(connection, job.kind, job.job_id, answers)
        await queue.give_back(connection, job.kind, job.job_id, {key: text[:500] for key, text in errors.items()})
        counts = {"succeeded": len(answers), "failed": len(errors), "cost_usd": cost}
        await connection.execute(SQL["count"], {**_named(job), **counts})
        await put(connection, job.kind.tenant_id, "", messages)

    async def _end(self, job: Job) -> None:
        """Give back what has no result, settle what the batch cost, and close the job; repeating it changes nothing."""
        async with self._postgres.transaction(job.kind.tenant_id) as connection:
            while left := await queue.left_in_job(connection, job.kind, job.job_id):
                await queue.give_back(connection, job.kind, job.job_id, dict.fromkeys(left, "no result came"))
                counts = {"succeeded": 0, "failed": len(left), "cost_usd": Decimal(0)}
                await connection.execute(SQL["count"], {**_named(job), **counts})
            row = await (await connection.execute(SQL["cost"], _named(job))).fetchone()
        cost = row["total_cost_usd"] if row else Decimal(0)
        await self._gateway().settle(job.job_id, cost, **job.kind._asdict())
        await self._execute(job, "end_job")

    async def _execute(self, job: Job, statement: str, **values: Any) -> None:
        async with self._postgres.transaction(job.kind.tenant_id) as connection:
            await connection.execute(SQL[statement], {**_named(job), **values})


def _named(job: Job) -> dict[str, Any]:
    return {"tenant_id": job.kind.tenant_id, "job_id": job.job_id}


def _by_task(job: Job, results: Sequence[ItemResult]) -> dict[UUID, tuple[int, ItemResult]]:
    """The first result of each task; what names no task of ours is logged."""
    found: dict[UUID, tuple[int, ItemResult]] = {}
    for result in results:
        named = task_of(result.custom_id)
        if named is None:
            log.warning("Batch job %s: a result has the unknown id %r and is left out.", job.job_id, result.custom_id)
        else:
            found.setdefault(named[0], (named[1], result))
    return found
