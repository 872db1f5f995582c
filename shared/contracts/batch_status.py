"""The batch scheduler as people see it. Times are ISO 8601 UTC, cost is in USD."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from shared.contracts.batch import BatchJobStatus
from shared.contracts.contract import Contract


class QueueStatus(Contract):
    """The waiting tasks of one type; ``due_at`` is when they go out, sooner once there are 50."""

    task_type: str
    waiting: int
    last_flush_at: datetime | None
    due_at: datetime | None


class JobStatus(Contract):
    """One batch. Without ``batch_api_id`` it is not known yet whether the provider has it."""

    job_id: UUID
    task_type: str
    status: BatchJobStatus
    batch_api_id: str | None
    item_count: int
    submitted_at: datetime
    completed_at: datetime | None
    sla_breached_at: datetime | None
    success_count: int
    error_count: int
    total_cost_usd: float


class BatchStatus(Contract):
    """What waits and the newest batches, the newest first."""

    queues: list[QueueStatus]
    jobs: list[JobStatus]


class TaskResult(Contract):
    """What became of one task; ``result`` is a proposal for people, as its task type has it."""

    task_id: UUID
    task_type: str
    status: str
    attempts: int
    error: str
    result: dict[str, Any] | None
    finished_at: datetime | None
