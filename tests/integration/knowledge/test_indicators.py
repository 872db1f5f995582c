"""Indicators: Redis first, PostgreSQL when Redis does not know or is unavailable."""

import hashlib
from uuid import uuid4

import pytest
import redis.asyncio as client

from shared.bus.producer import MemoryProducer
from shared.bus.received import Received
from shared.errors import StoreUnavailable
from shared.knowledge.incidents import IncidentMemory
from shared.knowledge.indicators import Indicator, Indicators
from shared.knowledge.learning import Learning
from shared.knowledge.library import Library
from shared.stores.postgres import Postgres
from shared.stores.qdrant import Qdrant
from shared.stores.redis import Redis

DAY = 24 * 3600


def indicator(*, confidence: int = 90, value: str | None = None) -> Indicator:
    return Indicator(
        type="dns", value=value or f"{uuid4().hex}.example", confidence=confidence, severity="high", sources=["feed"]
    )


def redis_key(known: Indicator) -> str:
    return f"ioc:{hashlib.sha256(known.value.encode()).hexdigest()}"


async def test_learnt_indicator_is_found_among_unknown_ones(store: Postgres, cache: Redis) -> None:
    indicators, known = Indicators(store, cache), indicator()
    await indicators.learn(known)
    assert await indicators.lookup(["unknown.example", known.value, known.value]) == {known.value: known}
    assert await indicators.lookup([]) == {}


async def test_indicator_is_found_with_redis_away(store: Postgres, no_cache: Redis) -> None:
    indicators, known = Indicators(store, no_cache), indicator()
    await indicators.learn(known)
    assert await indicators.lookup([known.value]) == {known.value: known}


async def test_indicator_that_redis_lost_is_found_and_cached_again(
    store: Postgres, cache: Redis, redis_url: str
) -> None:
    indicators, known = Indicators(store, cache), indicator()
    await indicators.learn(known)
    async with client.Redis.from_url(redis_url) as own:
        assert await own.delete(redis_key(known)) == 1
        assert await indicators.lookup([known.value]) == {known.value: known}
        assert await own.exists(redis_key(known)) == 1


async def test_cached_indicator_is_found_with_postgresql_away(
    store: Postgres, cache: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = indicator()
    await Indicators(store, cache).learn(known)
    monkeypatch.setattr("shared.stores.postgres.CONNECT_TIMEOUT_SECONDS", 0.3)
    away = Postgres("postgresql://nobody@127.0.0.1:1/none")
    assert await Indicators(away, cache).lookup([known.value]) == {known.value: known}
    with pytest.raises(StoreUnavailable):
        await Indicators(away, cache).lookup(["unknown.example"])
    await away.close()


@pytest.mark.parametrize(("confidence", "days"), [(100, 30), (81, 30), (80, 7), (50, 7), (49, 1), (0, 1)], ids=str)
async def test_cache_life_follows_confidence(
    store: Postgres, cache: Redis, redis_url: str, confidence: int, days: int
) -> None:
    known = indicator(confidence=confidence)
    await Indicators(store, cache).learn(known)
    async with client.Redis.from_url(redis_url) as own:
        assert days * DAY - 60 < await own.ttl(redis_key(known)) <= days * DAY


async def test_newest_word_about_an_indicator_wins(store: Postgres, cache: Redis, no_cache: Redis) -> None:
    first = indicator(confidence=90)
    second = first.model_copy(update={"confidence": 10, "sources": ["other"]})
    indicators = Indicators(store, cache)
    await indicators.learn(first)
    await indicators.learn(second)
    assert await indicators.lookup([first.value]) == {first.value: second}
    assert await Indicators(store, no_cache).lookup([first.value]) == {first.value: second}


async def test_learning_keeps_poison_and_learns_the_rest(store: Postgres, cache: Redis, qdrant: Qdrant) -> None:
    bus, indicators, known = MemoryProducer(), Indicators(store, cache), indicator()
    learning = Learning(bus, indicators=indicators, incidents=IncidentMemory(store, qdrant), library=Library(qdrant))
    for value in (b"no json", b'{"type": "dns"}', indicator(value="a\x00b").to_json(), known.to_json()):
        await learning.indicator(Received("knowledge.ti.ioc.new", value))
    assert len(bus.on("alerts.raw.dlq")) == 3
    assert await indicators.lookup([known.value]) == {known.value: known}
