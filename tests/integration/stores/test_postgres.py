"""PostgreSQL's adapter: foreign errors become ours, and it is there again when the server is."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest
from psycopg.types.json import Jsonb

from local.services.postgres import Postgres as PostgresServer
from local.services.service import ensure, stop
from local.services.site import Site
from shared.contracts.tenant import EVERY_TENANT
from shared.errors import InvalidInput, StoreSlow, StoreUnavailable
from shared.stores.postgres import Postgres
from tests.conftest import Database
from tests.integration.stores.conftest import answered

LONG_KEY = "".join(f"{number:x}" for number in range(20_000))  # no index entry holds it, however it is packed


async def ask(store: Postgres) -> int:
    async with store.transaction(EVERY_TENANT) as connection:
        cursor = await connection.execute("SELECT 1 AS one")
        row = await cursor.fetchone()
    return int(row["one"]) if row else 0


@pytest.fixture
async def stoppable(own_site: Site, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[PostgresServer, Postgres]]:
    """A server of this test's own and a store on it that waits a moment only."""
    monkeypatch.setattr("shared.stores.postgres.CONNECT_TIMEOUT_SECONDS", 0.3)
    server = PostgresServer(own_site, databases=("test",))
    ensure(server, own_site)
    store = Postgres(server.url(database="test"))
    yield server, store
    await store.close()


async def test_server_away_is_store_unavailable_until_it_is_back(
    own_site: Site, stoppable: tuple[PostgresServer, Postgres]
) -> None:
    server, store = stoppable
    assert await answered(lambda: ask(store)) == 1  # the first connection may take longer than this store waits
    stop(server, own_site)
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="PostgreSQL cannot be reached"):
            await ask(store)
    ensure(server, own_site)
    assert await answered(lambda: ask(store)) == 1


async def test_statement_is_planned_anew_for_each_tenant(store: Postgres) -> None:
    async with store.transaction(EVERY_TENANT) as connection:
        for number in range(20):
            await connection.execute("SELECT %s::int", (number,), prepare=True)
        plans = await connection.execute(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = 'SELECT $1::int'"
        )
        assert await plans.fetchall() == [{"generic_plans": 0, "custom_plans": 20}]


async def test_server_never_there_is_store_unavailable_also_for_health(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.stores.postgres.CONNECT_TIMEOUT_SECONDS", 0.3)
    store = Postgres("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(StoreUnavailable) as caught:
        await store.health()
    assert caught.value.store == "PostgreSQL"
    await store.close()


async def test_connection_lost_amid_a_transaction_is_store_unavailable_and_the_next_one_works(
    store: Postgres, owner: psycopg.Connection, postgres: PostgresServer
) -> None:
    with pytest.raises(StoreUnavailable):
        async with store.transaction(EVERY_TENANT) as connection:
            with psycopg.connect(postgres.url(role="postgres", database="postgres"), autocommit=True) as superuser:
                superuser.execute("SELECT pg_terminate_backend(%s)", (connection.info.backend_pid,))
            await connection.execute("SELECT 1")
    assert await ask(store) == 1


async def test_connections_lost_while_they_lay_in_the_pool_are_replaced_without_an_error(
    own_database: Database, postgres: PostgresServer
) -> None:
    store, all_hold, lost = Postgres(own_database.url, pool_size=3), asyncio.Barrier(3), list[int]()

    async def hold() -> None:
        async with store.transaction(EVERY_TENANT) as connection:
            lost.append(connection.info.backend_pid)
            await all_hold.wait()

    await asyncio.gather(*(hold() for _ in range(3)))
    with psycopg.connect(postgres.url(role="postgres", database="postgres"), autocommit=True) as superuser:
        superuser.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s) AS pid", (lost,))
    assert len(set(lost)) == 3
    assert await asyncio.gather(*(ask(store) for _ in range(6))) == [1] * 6
    await store.close()


async def test_flood_of_one_kind_of_work_keeps_no_other_waiting(own_database: Database) -> None:
    steps = Postgres(own_database.url, pool_size=2, wait_seconds=0.2)
    api = Postgres(own_database.url, name="the API", pool_size=1, wait_seconds=0.2)
    done, holding = asyncio.Event(), asyncio.Barrier(3)

    async def hold() -> None:
        async with steps.transaction(EVERY_TENANT):
            await holding.wait()
            await done.wait()

    flood = [asyncio.create_task(hold()) for _ in range(2)]
    await holding.wait()
    with pytest.raises(StoreSlow, match=r"PostgreSQL is too slow: all 2 connections for steps were in use for 0\.2 s"):
        await ask(steps)
    assert await ask(api) == 1
    done.set()
    await asyncio.gather(*flood)
    await steps.close()
    await api.close()


@pytest.mark.parametrize("statement", ["SELECT pg_sleep(30)", "LOCK TABLE kill_switches"])
async def test_statement_that_takes_too_long_is_a_slow_store(
    store: Postgres, owner: psycopg.Connection, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    monkeypatch.setattr("shared.stores.postgres.STATEMENT_SECONDS", 0.3)
    monkeypatch.setattr("shared.stores.postgres.LOCK_SECONDS", 0.1)
    with owner.transaction():
        owner.execute("LOCK TABLE kill_switches")
        with pytest.raises(StoreSlow, match="PostgreSQL is too slow: canceling statement"):
            async with store.transaction(EVERY_TENANT) as connection:
                await connection.execute(statement.encode())
    assert await ask(store) == 1


async def test_bounds_end_with_the_transaction(store: Postgres, owner: psycopg.Connection) -> None:
    async with store.transaction("t") as connection:
        cursor = await connection.execute("SELECT current_setting('statement_timeout') AS bound")
        assert await cursor.fetchone() == {"bound": "30s"}
        pid = connection.info.backend_pid
        await connection.commit()
        cursor = await connection.execute("SELECT current_setting('statement_timeout') AS bound, pg_backend_pid() AS p")
        assert await cursor.fetchone() == {"bound": "0", "p": pid}


async def test_health_tells_the_servers_version(store: Postgres) -> None:
    assert (await store.health())["version"].startswith("18")


@pytest.mark.parametrize(
    "value", ["a\x00b", Jsonb({"text": "a\x00b"}), LONG_KEY], ids=["nul", "nul in json", "endless"]
)
async def test_value_that_no_column_takes_is_invalid_input(store: Postgres, value: object) -> None:
    table = "fp_patterns (pattern, pattern_id" if isinstance(value, Jsonb) else "kill_switches (reason, value"
    rest = ", tenant_id, status) VALUES (%s, 'x', 't', 'shadow')"
    if not isinstance(value, Jsonb):
        rest = ", tenant_id, dimension, activated_by) VALUES ('r', %s, 't', 'pattern', 'a')"
    with pytest.raises(InvalidInput, match="value for PostgreSQL"):
        async with store.transaction("t") as connection:
            await connection.execute(f"INSERT INTO {table}{rest}".encode(), (value,))


async def test_row_that_breaks_a_constraint_is_invalid_input_and_leaves_nothing(store: Postgres) -> None:
    with pytest.raises(InvalidInput, match="fp_patterns_check"):
        async with store.transaction("t") as connection:
            for identity, status in (("good", "shadow"), ("bad", "active")):
                await connection.execute(
                    "INSERT INTO fp_patterns (pattern_id, tenant_id, status, approved_by_1, approved_by_2, pattern)"
                    " VALUES (%s, 't', %s, 'same', 'same', '{}')",
                    (identity, status),
                )
    async with store.transaction("t") as connection:
        cursor = await connection.execute("SELECT count(*) AS n FROM fp_patterns WHERE pattern_id IN ('good', 'bad')")
        assert await cursor.fetchone() == {"n": 0}


async def test_our_own_error_inside_a_transaction_undoes_it_and_stays_itself(store: Postgres) -> None:
    with pytest.raises(KeyError):
        async with store.transaction("t") as connection:
            await connection.execute("INSERT INTO kill_switches VALUES ('t', 'pattern', 'undone', 'a', 'r')")
            raise KeyError
    async with store.transaction("t") as connection:
        cursor = await connection.execute("SELECT count(*) AS n FROM kill_switches WHERE value = 'undone'")
        assert await cursor.fetchone() == {"n": 0}
