"""The guard itself: what it finds and what it lets pass (conftest.py)."""

import asyncio
from collections.abc import Awaitable, Callable

from shared.bus.producer import MemoryProducer
from shared.stores.postgres import Postgres
from shared.stores.redis import Redis
from tests.conftest import Database


async def test_calls_are_found_within_a_transaction_and_nowhere_else(
    outside_calls: list[str], database: Callable[[str], Database], redis_url: str
) -> None:
    store, redis = Postgres(database("outside_calls").url), Redis(redis_url)

    async def publish() -> None:
        await MemoryProducer().publish("audit.events", b"v", key="k")

    async def from_a_task() -> None:
        await asyncio.gather(asyncio.create_task(publish()))

    calls: list[Callable[[], Awaitable[object]]] = [redis.health, publish, from_a_task]
    for call in calls:
        await call()
        assert outside_calls == []
        async with store.transaction("t") as connection:
            await connection.execute("SELECT 1")
            await call()
        assert outside_calls
        outside_calls.clear()
        async with store.unit_of_work("t"):
            later = asyncio.create_task(asyncio.sleep(0.01))
        await later
        await call()
    await redis.close()
    await store.close()
    assert outside_calls == []
