"""Redis' adapter: values with a life, and an outage that is ours to name."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import redis.asyncio as client

from local.services.redis import Redis as RedisServer
from local.services.service import ensure, stop
from local.services.site import Site
from shared.errors import StoreUnavailable
from shared.stores.redis import Redis
from tests.integration.stores.conftest import answered


@pytest.fixture
async def cache(redis_url: str) -> AsyncIterator[Redis]:
    own = Redis(redis_url)
    yield own
    await own.close()


async def test_get_many_keeps_the_order_of_the_keys(cache: Redis) -> None:
    key = uuid4().hex
    await cache.set(f"{key}:a", b"\x00\xff", ttl_seconds=60)
    await cache.set(f"{key}:b", b"", ttl_seconds=60)
    assert await cache.get_many([f"{key}:b", f"{key}:none", f"{key}:a"]) == [b"", None, b"\x00\xff"]
    assert await cache.get_many([]) == []


async def test_set_applies_the_time_to_live(cache: Redis, redis_url: str) -> None:
    key = uuid4().hex
    await cache.set(key, b"v", ttl_seconds=3600)
    own = client.Redis.from_url(redis_url)
    assert 3590 < await own.ttl(key) <= 3600
    await own.aclose()


async def test_server_away_is_store_unavailable_until_it_is_back(own_site: Site) -> None:
    server = RedisServer(own_site)
    ensure(server, own_site)
    cache = Redis(server.url())
    assert (await cache.health())["version"]
    stop(server, own_site)
    with pytest.raises(StoreUnavailable, match="Redis cannot be reached"):
        await cache.get_many(["k"])
    with pytest.raises(StoreUnavailable):
        await cache.set("k", b"v", ttl_seconds=1)
    with pytest.raises(StoreUnavailable):
        await cache.health()
    ensure(server, own_site)
    assert await answered(lambda: cache.get_many(["k"])) == [None]
    await cache.close()
