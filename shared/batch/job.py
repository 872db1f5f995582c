"""A submitted batch as its row has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.batch.queue import Kind


@dataclass(frozen=True, slots=True)
class Job:
    """``batch_id`` is the provider's, None while nobody knows whether the provider has the batch."""

    job_id: UUID
    kind: Kind
    batch_id: str | None
    item_count: int
    submitted_at: datetime
    sla_breached: bool


def job_of(row: dict[str, Any]) -> Job:
    """The job of a row."""
    return Job(
        job_id=row["job_id"],
        kind=Kind(row["tenant_id"], row["task_type"]),
        batch_id=row["batch_api_id"],
        item_count=row["item_count"],
        submitted_at=row["submitted_at"],
        sla_breached=row["sla_breached_at"] is not None,
    )
