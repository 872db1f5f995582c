"""BatchScheduler: submits what waits, at most once (seed §8, spec/llm §14).

1. Read the tasks of the queue that is due and prepare their prompts; nothing is held meanwhile.
2. One transaction takes them out of the queue and writes the job: from here nobody else submits them.
3. Hold the worst case of the spend under the job's id.
4. Ask the provider, once. 5. Note its batch id.

Whoever dies after 2 leaves a job without a batch id, which :mod:`shared.batch.recovery` looks for at the provider.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from shared.batch import queue
from shared.batch.queue import Kind, QueuedTask
from shared.batch.task_types import gateway_request
from shared.contracts.batch import BatchJob, BatchJobStatus, BatchTask
from shared.contracts.tenant import EVERY_TENANT
from shared.errors import Conflict, InvalidInput, ModelUnavailable, StoredByAnotherVersion
from shared.stores.postgres import Postgres
from shared.stores.statements import statements

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.gateway.batch_gateway import BatchGateway, PreparedItem

POLL = timedelta(minutes=5)
LEASE = timedelta(minutes=15)  # for steps 3 to 5; the one call of the provider ends within two minutes
LATEST_CALL_SECONDS = 600.0  # after step 2: whoever was held up longer leaves the job to the recovery
PAUSE = timedelta(minutes=30)  # of a queue that the provider or the spend limit refused

log = logging.getLogger(__name__)

SQL = statements(Path(__file__).with_name("jobs.sql"))


class BatchScheduler:
    """Queues tasks and flushes the queues of every tenant. Any number of processes may tick."""

    def __init__(self, postgres: Postgres, gateway: Callable[[], BatchGateway]) -> None:
        self._postgres = postgres
        self._gateway = gateway  # built on first use: most processes submit nothing

    async def put(self, tenant_id: str, tasks: Sequence[BatchTask]) -> int:
        """Queue tasks of one type; those with a known id are left out. Raises InvalidInput, StoreUnavailable."""
        kinds = {Kind(tenant_id, task.task_type) for task in tasks}
        added = 0
        for kind in sorted(kinds):
            async with self._postgres.transaction(tenant_id) as connection:
                added += await queue.put(connection, kind, [task for task in tasks if task.task_type == kind.task_type])
        return added

    async def tick(self) -> BatchJob | None:
        """Submit one batch if one is due: 50 tasks of a tenant and type, or 6 h since their last flush.

        None when nothing was submitted. Raises ModelUnavailable, StoreUnavailable; the tasks are safe then.
        """
        async with self._postgres.transaction(EVERY_TENANT) as connection:
            kind = await queue.due(connection)
        if kind is None:
            return None
        try:
            async with self._postgres.transaction(kind.tenant_id) as connection:
                tasks = await queue.oldest(connection, kind)
            requests = [gateway_request(kind.tenant_id, item.task) for item in tasks]
        except (StoredByAnotherVersion, InvalidInput):
            await self._postpone(kind)  # another version's tasks: the other queues must not wait for a rollout
            raise
        prepared = dict(zip(tasks, await self._gateway().prepare(requests), strict=True))
        job_id = uuid4()
        submitted_at = await self._take(kind, job_id, prepared)
        if submitted_at is None:
            return None
        sendable = {item: made for item, made in prepared.items() if made.parameters is not None}
        batch_id = await self._submit(kind, job_id, sendable)
        if batch_id is None:
            return None
        return BatchJob(
            job_id=str(job_id),
            batch_api_id=batch_id,
            status=BatchJobStatus.IN_PROGRESS,
            tasks=[item.task for item in sendable],
            submitted_at=submitted_at,
            created_at=submitted_at,
        )

    async def _take(self, kind: Kind, job_id: UUID, prepared: dict[QueuedTask, PreparedItem]) -> str | None:
        """Step 2. When it was done (ISO 8601), or None when nothing is left to submit."""
        prompts = {item.task_id: made.prompt_sha256 for item, made in prepared.items() if made.parameters is not None}
        refused = [item.task_id for item, made in prepared.items() if made.parameters is None]
        try:
            async with self._postgres.transaction(kind.tenant_id) as connection:
                if not await queue.take(connection, kind, job_id, prompts, refused):
                    raise Conflict("another flush took some of these tasks")
                if not prompts:
                    return None
                values = kind.values(job_id=job_id, item_count=len(prompts), lease=LEASE)
                row = await (await connection.execute(SQL["begin"], values)).fetchone()
        except Conflict:
            return None
        return row["submitted_at"].isoformat() if row else None

    async def _submit(self, kind: Kind, job_id: UUID, items: dict[QueuedTask, PreparedItem]) -> str | None:
        """Steps 3 to 5. None when the spend limit has no room."""
        from shared.gateway.batch_client import BatchNotMade, BatchOutcomeUnknown  # noqa: PLC0415 - loads the SDK

        taken, gateway = monotonic(), self._gateway()
        worst = sum((made.worst_usd for made in items.values()), Decimal(0))
        if not await gateway.hold(job_id, worst, **kind._asdict()):
            log.warning("%d batch tasks of tenant %s wait: the spend limit has no room.", len(items), kind.tenant_id)
            await self.give_up(kind, job_id, "spend_hard_limit", sent=False)
            return None
        if monotonic() - taken > LATEST_CALL_SECONDS:
            raise ModelUnavailable(f"Batch job {job_id} was held up too long to be submitted; it is looked for first.")
        bodies = [(custom_id(item), made.parameters) for item, made in items.items() if made.parameters is not None]
        try:
            batch_id = await gateway.batches.create(bodies)
        except BatchNotMade as error:
            await self.give_up(kind, job_id, str(error), sent=error.for_good)
            raise
        except BatchOutcomeUnknown as error:
            log.warning("Batch job %s is looked for at the provider: %s", job_id, error)
            raise
        await self.adopt(kind, job_id, batch_id)
        return batch_id

    async def adopt(self, kind: Kind, job_id: UUID, batch_id: str) -> None:
        """Step 5: the provider knows the job under this id."""
        values = {"tenant_id": kind.tenant_id, "job_id": job_id, "batch_api_id": batch_id, "pause": POLL}
        async with self._postgres.transaction(kind.tenant_id) as connection:
            await connection.execute(SQL["known_to_provider"], values)

    async def give_up(self, kind: Kind, job_id: UUID, reason: str, *, sent: bool) -> None:
        """The provider has no such batch: its tasks wait again, its money is free. ``sent`` counts as an attempt."""
        await self._gateway().settle(job_id, Decimal(0), **kind._asdict())
        async with self._postgres.transaction(kind.tenant_id) as connection:
            await connection.execute(SQL["end_job"], {"tenant_id": kind.tenant_id, "job_id": job_id})
            while left := await queue.left_in_job(connection, kind, job_id):
                await queue.give_back(connection, kind, job_id, dict.fromkeys(left, reason[:500]), sent=sent)
            await queue.postpone(connection, kind, PAUSE)

    async def _postpone(self, kind: Kind) -> None:
        async with self._postgres.transaction(kind.tenant_id) as connection:
            await queue.postpone(connection, kind, PAUSE)


def custom_id(item: QueuedTask) -> str:
    """What the provider calls a task in this batch; of the next batch with it the number is another."""
    return f"{item.task_id.hex}_{item.attempts + 1}"


def task_of(custom: str) -> tuple[UUID, int] | None:
    """The task and its attempt, or None for an id that is none of ours."""
    name, _, attempt = custom.partition("_")
    try:
        return UUID(hex=name), int(attempt)
    except ValueError:
        return None
