"""The monthly limit on a real PostgreSQL."""

import asyncio
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from shared.contracts.routing import ModelTier
from shared.contracts.tenant import EVERY_TENANT
from shared.errors import StoreUnavailable
from shared.gateway.spend import Reservation, SpendGuard
from shared.stores.postgres import Postgres


@pytest.fixture
def guard(store: Postgres, month: date) -> Callable[..., SpendGuard]:
    def make(*, soft: float = 5.0, hard: float = 10.0) -> SpendGuard:
        return SpendGuard(store, soft_limit_usd=soft, hard_limit_usd=hard, month=lambda: month)

    return make


async def reserve(guard: SpendGuard, amount: str, tenant: str = "acme") -> Reservation | None:
    return await guard.reserve(Decimal(amount), tenant_id=tenant, task_type="investigation", tier=ModelTier.TIER_1)


async def test_reserve_in_a_race_of_many_tenants_never_passes_the_hard_limit(guard: Callable[..., SpendGuard]) -> None:
    racing = guard(hard=10.0)
    held = await asyncio.gather(*(reserve(racing, "0.3", f"tenant-{number % 7}") for number in range(100)))
    assert sum(one is not None for one in held) == 33
    assert await racing.total_usd() == Decimal("9.9")


async def test_reserve_and_settle_in_a_race_end_with_the_exact_sum(guard: Callable[..., SpendGuard]) -> None:
    racing = guard(hard=10.0)

    async def call(number: int) -> Decimal:
        held = await reserve(racing, "2")
        if held is None:
            return Decimal(0)
        assert await racing.total_usd() <= 10
        cost = Decimal(number % 5) / 100
        await racing.settle(held, cost)
        return cost

    costs = await asyncio.gather(*(call(number) for number in range(60)))
    assert await racing.total_usd() == sum(costs)


async def test_reserve_up_to_the_limit_itself_is_allowed(guard: Callable[..., SpendGuard]) -> None:
    exact = guard(hard=1.0)
    assert await reserve(exact, "1.0") is not None
    assert await reserve(exact, "0.000001") is None


async def test_reserve_of_more_than_the_limit_as_the_first_call_is_refused(guard: Callable[..., SpendGuard]) -> None:
    assert await reserve(guard(hard=1.0), "1.5") is None


async def test_settle_twice_counts_once(guard: Callable[..., SpendGuard]) -> None:
    own = guard()
    held = await reserve(own, "2")
    assert held is not None
    await own.settle(held, Decimal("0.5"))
    await own.settle(held, Decimal("0.5"))
    assert await own.total_usd() == Decimal("0.5")


async def test_soft_limit_is_reported_once_a_month(guard: Callable[..., SpendGuard]) -> None:
    own = guard(soft=1.0)
    held = [await reserve(own, "0.6") for _ in range(3)]
    passed = await asyncio.gather(*(own.settle(one, Decimal("0.6")) for one in held if one))
    assert sum(report is not None for report in passed) == 1


async def test_new_month_starts_at_zero(store: Postgres, month: date) -> None:
    months = [month, date(month.year + 40, month.month, 1)]
    own = SpendGuard(store, soft_limit_usd=1, hard_limit_usd=1, month=lambda: months[0])
    assert await reserve(own, "1") is not None
    assert await reserve(own, "1") is None
    months.pop(0)
    assert await reserve(own, "1") is not None


async def test_ledger_shows_a_tenant_its_own_calls_only(store: Postgres, guard: Callable[..., SpendGuard]) -> None:
    own = guard()
    mine, other = await reserve(own, "0.1", "mine"), await reserve(own, "0.1", "other")
    assert mine is not None
    assert other is not None

    async def seen(scope: str) -> set[object]:
        async with store.transaction(scope) as connection:
            cursor = await connection.execute(
                "SELECT call_id FROM spend_ledger WHERE call_id = ANY(%s)", ([mine.call_id, other.call_id],)
            )
            return {row["call_id"] for row in await cursor.fetchall()}

    assert await seen("mine") == {mine.call_id}
    assert await seen(EVERY_TENANT) == {mine.call_id, other.call_id}


async def test_reserve_with_the_store_away_allows_no_call(month: date, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.stores.postgres.CONNECT_TIMEOUT_SECONDS", 0.5)
    away = Postgres("postgresql://nobody@127.0.0.1:1/none?connect_timeout=1")
    own = SpendGuard(away, soft_limit_usd=1, hard_limit_usd=1, month=lambda: month)
    with pytest.raises(StoreUnavailable):
        await reserve(own, "0.1")
    await away.close()
