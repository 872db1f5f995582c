"""The queue of batch tasks: a tenant's questions of one kind go out together. It survives every process.

Each method works in the caller's transaction, so that a task is in one place at every moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb

from shared.contracts.batch import BatchTask
from shared.errors import InvalidInput
from shared.stores.postgres import Connection
from shared.stores.statements import statements

FLUSH_COUNT = 50
FLUSH_AGE = timedelta(hours=6)
MOST_ITEMS = 1_000  # of the 10,000 that the specification allows: a flush is prepared in memory within a second
MOST_BYTES = 4 << 20  # of questions in one batch: a kilobyte of entities takes up to 9 ms to redact
MOST_TASK_BYTES = 4 << 20
MOST_ATTEMPTS = 3

_FLUSH = {"flush_count": FLUSH_COUNT, "flush_age": FLUSH_AGE}
_SQL = statements(Path(__file__).with_suffix(".sql"))


class Kind(NamedTuple):
    """A queue: the tasks of one type of one tenant."""

    tenant_id: str
    task_type: str

    def values(self, **more: Any) -> dict[str, Any]:
        """Parameters of a statement about this queue."""
        return {**self._asdict(), **more}


@dataclass(frozen=True, slots=True, eq=False)
class QueuedTask:
    """A task with what the queue knows of it; ``attempts`` counts the batches that it went out with."""

    task_id: UUID
    task: BatchTask
    attempts: int
    prompt_sha256: str = ""


async def put(connection: Connection, kind: Kind, tasks: Sequence[BatchTask]) -> int:
    """Queue tasks; one whose id is known is left out. Returns how many were new. Raises InvalidInput."""
    bodies = [task.to_json() for task in tasks]
    for task, body in zip(tasks, bodies, strict=True):
        if len(body) > MOST_TASK_BYTES or task.task_type != kind.task_type:
            raise InvalidInput(
                f"batch task {task.task_id}",
                got=f"{len(body)} bytes of type {task.task_type}",
                expected=f"at most {MOST_TASK_BYTES} bytes of type {kind.task_type}",
            )
    values = kind.values(
        task_ids=[UUID(task.task_id) for task in tasks],
        tasks=[Jsonb(task.model_dump(mode="json")) for task in tasks],
        sizes=[len(body) for body in bodies],
    )
    added = int((await connection.execute(_SQL["put_tasks"], values)).rowcount)
    if added:
        await connection.execute(_SQL["grow_queue"], kind.values(added=added, **_FLUSH))
    return added


async def due(connection: Connection) -> Kind | None:
    """The queue whose flush is due longest, of any tenant."""
    row = await (await connection.execute(_SQL["due_queue"])).fetchone()
    return Kind(row["tenant_id"], row["task_type"]) if row else None


async def oldest(connection: Connection, kind: Kind) -> list[QueuedTask]:
    """Those that the next batch takes."""
    values = kind.values(limit=MOST_ITEMS, most_bytes=MOST_BYTES)
    rows = await (await connection.execute(_SQL["waiting_tasks"], values)).fetchall()
    return [_queued(row) for row in rows]


async def take(
    connection: Connection, kind: Kind, job_id: UUID, prompts: Mapping[UUID, str], refused: Sequence[UUID]
) -> bool:
    """Mark the tasks of ``prompts`` (with the hash of each prompt) as submitted with a job and drop ``refused``.

    False when another flush took any of them: then the caller must undo its transaction.
    """
    await connection.execute(_SQL["lock_queue"], kind.values())
    marked = kind.values(job_id=job_id, task_ids=list(prompts), prompts=list(prompts.values()))
    taken = (await connection.execute(_SQL["mark_submitted"], marked)).rowcount if prompts else 0
    dropped = kind.values(task_ids=list(refused), error="input_quarantined")
    gone = (await connection.execute(_SQL["fail_queued"], dropped)).rowcount if refused else 0
    await connection.execute(_SQL["flush_queue"], kind.values(taken=taken + gone, **_FLUSH))
    return taken == len(prompts) and gone == len(refused)


async def postpone(connection: Connection, kind: Kind, pause: timedelta) -> None:
    """Let the queue's next flush wait at least so long."""
    await connection.execute(_SQL["postpone_queue"], kind.values(pause=pause))


async def of_job(connection: Connection, kind: Kind, job_id: UUID, task_ids: Sequence[UUID]) -> list[QueuedTask]:
    """Those of the named tasks that went out with this job and have no outcome yet."""
    values = kind.values(job_id=job_id, task_ids=list(task_ids))
    return [_queued(row) for row in await (await connection.execute(_SQL["of_job"], values)).fetchall()]


async def left_in_job(connection: Connection, kind: Kind, job_id: UUID) -> list[UUID]:
    """Tasks of a job without an outcome, some of them."""
    values = kind.values(job_id=job_id, limit=MOST_ITEMS)
    return [row["task_id"] for row in await (await connection.execute(_SQL["left_in_job"], values)).fetchall()]


async def finish(connection: Connection, kind: Kind, job_id: UUID, results: Mapping[UUID, Any]) -> int:
    """Keep the answers of tasks that have none yet; returns how many."""
    values = kind.values(job_id=job_id, task_ids=list(results), results=[Jsonb(value) for value in results.values()])
    return int((await connection.execute(_SQL["finish"], values)).rowcount) if results else 0


async def give_back(
    connection: Connection, kind: Kind, job_id: UUID, errors: Mapping[UUID, str], *, sent: bool = True
) -> int:
    """Queue tasks of a job again, with the reason; what was sent too often fails instead. Returns how many wait."""
    if not errors:
        return 0
    limit = {"most_attempts": MOST_ATTEMPTS if sent else MOST_ATTEMPTS + 1, "not_sent": 0 if sent else 1}
    values = kind.values(job_id=job_id, task_ids=list(errors), errors=list(errors.values()), **limit)
    rows = await (await connection.execute(_SQL["give_back"], values)).fetchall()
    waiting = sum(1 for row in rows if row["status"] == "queued")
    if waiting:
        await connection.execute(_SQL["grow_queue"], kind.values(added=waiting, **_FLUSH))
    return waiting


def _queued(row: dict[str, Any]) -> QueuedTask:
    task = BatchTask.from_stored(row["task"], where=f"batch_tasks {row['task_id']}")
    return QueuedTask(row["task_id"], task, row["attempts"], row.get("prompt_sha256", ""))
