"""What people see of queues, batches and answers."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from shared.contracts.batch_status import BatchStatus, JobStatus, QueueStatus, TaskResult
from shared.contracts.contract import readable
from shared.contracts.listing import Listed, Listing, listed
from shared.errors import NotFound
from shared.stores.postgres import Postgres
from shared.stores.statements import statements

NEWEST = 50

_SQL = statements(Path(__file__).with_suffix(".sql"))


class Batches:
    """Each method raises StoreUnavailable."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def status(self, tenant_id: str) -> BatchStatus:
        """The tenant's queues and its newest batches."""
        values = {"tenant_id": tenant_id, "limit": NEWEST}
        async with self._postgres.transaction(tenant_id) as connection:
            queues = await (await connection.execute(_SQL["queues"], values)).fetchall()
            jobs = await (await connection.execute(_SQL["newest_jobs"], values)).fetchall()
        return BatchStatus(
            queues=readable(QueueStatus, queues, where="batch_queues"),
            jobs=readable(JobStatus, jobs, where="batch_jobs"),
        )

    async def results(self, tenant_id: str, job_id: UUID, listing: Listing) -> Listed[TaskResult]:
        """The tasks that went out last with this batch, by their ids. Raises NotFound."""
        (after,) = listing.after or (None,)
        values = {"tenant_id": tenant_id, "job_id": job_id, "row_id": after, "limit": listing.look_ahead}
        async with self._postgres.transaction(tenant_id) as connection:
            rows = await (await connection.execute(_SQL["results"], values)).fetchall()
        if not rows and after is None:
            raise NotFound(f"this tenant has no task that went out last with batch {job_id}")
        part = listed(rows, listing, lambda row: (str(row["task_id"]),))
        return Listed(readable(TaskResult, part.rows, where="batch_tasks"), part.last)
