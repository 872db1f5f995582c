"""Risk signals: the newest of each source, of the tenant's own entities."""

from datetime import UTC, datetime, timedelta

from shared.knowledge.risk import RiskSignals
from shared.stores.postgres import Postgres

NOW = datetime.now(UTC)


async def record(
    store: Postgres, tenant: str, entity: str, priority: float | None, *, hours: float = 0, source: str = "ueba"
) -> None:
    observed = NOW - timedelta(hours=hours)
    await RiskSignals(store).record(tenant, entity_id=entity, priority=priority, source=source, observed_at=observed)


async def states(store: Postgres, tenant: str, *entities: str) -> dict[str, str]:
    return {signal.entity_id: signal.risk_state for signal in await RiskSignals(store).of(tenant, entities)}


async def test_signals_carry_state_score_and_age(store: Postgres, tenant: str) -> None:
    await record(store, tenant, "calm", 1, hours=2)
    await record(store, tenant, "hot", 9)
    await record(store, tenant, "stale", 9, hours=25)
    await record(store, tenant, "new", None)
    assert await states(store, tenant, "calm", "hot", "stale", "new", "unknown") == {
        "calm": "low",
        "hot": "high",
        "stale": "unknown",
        "new": "no_baseline",
    }
    (calm,) = await RiskSignals(store).of(tenant, ["calm"])
    assert (calm.risk_score, round(calm.data_freshness_hours), calm.source) == (1, 2, "ueba")


async def test_older_signal_never_replaces_a_newer_one(store: Postgres, tenant: str) -> None:
    await record(store, tenant, "e", 9, hours=1)
    await record(store, tenant, "e", 0, hours=5)
    assert await states(store, tenant, "e") == {"e": "high"}
    await record(store, tenant, "e", 0)
    assert await states(store, tenant, "e") == {"e": "low"}


async def test_every_source_keeps_its_own_signal(store: Postgres, tenant: str) -> None:
    await record(store, tenant, "e", 9, source="ueba")
    await record(store, tenant, "e", 0, source="iam")
    assert len(await RiskSignals(store).of(tenant, ["e"])) == 2


async def test_signals_of_another_tenant_are_not_seen(store: Postgres, tenant: str) -> None:
    await record(store, f"{tenant}-other", "e", 9)
    assert await states(store, tenant, "e") == {}
