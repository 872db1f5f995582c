"""Where answers land: each task type has at most one place, and what it refuses counts as a failed item."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import psycopg

from shared.bus.outbox import OutboxMessage
from shared.contracts.batch import BatchTask
from shared.errors import AluskortError, InvalidInput
from shared.stores.postgres import Connection

# Stores what a checked answer proposes, in the transaction that records the answer; returns what to publish.
Landing = Callable[[Connection, str, BatchTask, Any], Awaitable[list[OutboxMessage]]]


class LandingRefused(AluskortError):
    """An answer of the right form proposes what may not be. Never leaves the batch domain."""


async def landed(
    landing: Landing | None, connection: Connection, tenant_id: str, task: BatchTask, value: Any
) -> list[OutboxMessage]:
    """The messages of the landing; undone as a whole when it refuses. Raises LandingRefused."""
    if landing is None:
        return []
    try:
        async with connection.transaction():
            return await landing(connection, tenant_id, task, value)
    except (InvalidInput, psycopg.DataError, psycopg.IntegrityError) as error:
        raise LandingRefused(str(error)) from error
