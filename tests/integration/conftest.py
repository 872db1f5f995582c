"""No database connection or lock is held while another system is called (design §4): whoever does it fails its test."""

import asyncio
import traceback
from asyncio import selector_events
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from psycopg_pool import AsyncConnectionPool

from shared.bus.producer import MemoryProducer
from shared.stores.postgres import Connection, Postgres, Result, Statement
from shared.stores.qdrant import Qdrant

# What any call to another system comes to: a write to a socket, for psycopg's are not asyncio's; a message handed to
# Kafka's client, which another task writes; the embedded engine or a fake, which have no socket.
CALLS: list[tuple[type, str]] = [
    (selector_events._SelectorSocketTransport, "write"),  # type: ignore[attr-defined]
    (selector_events._SelectorSocketTransport, "writelines"),  # type: ignore[attr-defined]
    (AIOKafkaProducer, "send"),
    (MemoryProducer, "publish"),
    (Qdrant, "_call"),
]

# The transaction of this task, or of the one that began it: its list is empty once it has ended.
_transaction: ContextVar[list[str] | None] = ContextVar("transaction", default=None)


@pytest.fixture(scope="session", autouse=True)
async def left_open() -> AsyncIterator[set[AsyncConnectionPool]]:
    """The pools that tests opened, closed at the end: one that a failed test left, and that is about to connect,
    ignores that its task is cancelled, and the run would never end. A test with a loop of its own ends with that.
    """
    opened, loop = set[AsyncConnectionPool](), asyncio.get_running_loop()
    open_pool = AsyncConnectionPool.open

    async def noted(self: AsyncConnectionPool, *arguments: Any, **options: Any) -> None:
        if asyncio.get_running_loop() is loop:
            opened.add(self)
        await open_pool(self, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AsyncConnectionPool, "open", noted)
        yield opened
    for pool in opened:
        await pool.close()


@pytest.fixture(autouse=True)
def outside_calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Where another system was called within a transaction."""
    found: list[str] = []
    connection_of = Postgres._connection

    @asynccontextmanager
    async def noted(
        self: Postgres, tenant_id: str, *first: Statement, whole: bool = False
    ) -> AsyncIterator[tuple[Connection, list[Result]]]:
        async with connection_of(self, tenant_id, *first, whole=whole) as begun:
            mine = [] if whole else [tenant_id]
            before = _transaction.set(mine)
            try:
                yield begun
            finally:
                mine.clear()
                _transaction.reset(before)

    def watched(call: Callable[..., Any]) -> Callable[..., Any]:
        def watch(*arguments: Any, **options: Any) -> Any:
            if _transaction.get():
                found.append("".join(traceback.format_stack(limit=12)))
            return call(*arguments, **options)

        return watch

    monkeypatch.setattr(Postgres, "_connection", noted)
    for owner, name in CALLS:
        monkeypatch.setattr(owner, name, watched(getattr(owner, name)))
    yield found
    assert not found, f"{len(found)} calls of another system within a transaction, the first here:\n{found[0]}"
