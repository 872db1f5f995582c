from uuid import uuid4

import psycopg
import pytest

from shared.access.kill_switch import active_switches
from shared.errors import StoreUnavailable
from shared.stores.postgres import Postgres


@pytest.fixture
def tenant() -> str:
    return f"tenant-{uuid4()}"


def activate(owner: psycopg.Connection, tenant: str, dimension: str, value: str) -> None:
    owner.execute(
        "INSERT INTO kill_switches (tenant_id, dimension, value, activated_by, reason) VALUES (%s, %s, %s, 'a', 'b')",
        (tenant, dimension, value),
    )


@pytest.mark.parametrize(
    ("dimension", "value"),
    [("pattern", "fp-1"), ("technique", "T1059.001"), ("technique", "T1059"), ("datasource", "sentinel")],
)
async def test_active_switch_stops_what_it_covers(
    store: Postgres, owner: psycopg.Connection, tenant: str, dimension: str, value: str
) -> None:
    activate(owner, tenant, dimension, value)
    found = await store.read(tenant, active_switches(tenant, techniques=["T1059.001"], source="sentinel"))
    assert found == [[f"{dimension}:{value}"]]


async def test_tenant_switch_stops_everything_of_the_tenant(
    store: Postgres, owner: psycopg.Connection, tenant: str
) -> None:
    activate(owner, tenant, "tenant", tenant)
    assert await store.read(tenant, active_switches(tenant)) == [[f"tenant:{tenant}"]]


async def test_switches_of_others_stop_nothing(store: Postgres, owner: psycopg.Connection, tenant: str) -> None:
    activate(owner, "someone-else", "pattern", f"fp-{tenant}")
    activate(owner, tenant, "technique", "T1003")
    found = await store.read(tenant, active_switches(tenant, techniques=["T1059.001"], source="sentinel"))
    assert found == [[]]


async def test_store_away_is_an_error_not_a_free_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.stores.postgres.CONNECT_TIMEOUT_SECONDS", 0.3)
    nowhere = Postgres("postgresql://nobody@127.0.0.1:1/none?connect_timeout=1", pool_size=1)
    try:
        with pytest.raises(StoreUnavailable):
            await nowhere.read("contoso", active_switches("contoso"))
    finally:
        await nowhere.close()
