"""Statements that travel together: their results, and what is left of them when one fails."""

import asyncio

import psycopg
import pytest

from shared.errors import InvalidInput, StoreSlow
from shared.stores.postgres import Connection, Postgres, Statement
from tests.conftest import Database

SWITCH = "INSERT INTO kill_switches VALUES (%(tenant)s, 'pattern', %(value)s, 'a', 'r')"
COUNT = "SELECT count(*) AS n FROM kill_switches WHERE tenant_id = %(tenant)s AND value = %(value)s"


def switch(value: str) -> Statement:
    return SWITCH, {"tenant": "t", "value": value, "not in the statement": 1}


async def count(store: Postgres, value: str) -> int:
    [counted] = await store.together("t", (COUNT, {"tenant": "t", "value": value}))
    return int(counted.rows[0]["n"])


async def test_each_statement_has_its_rows_and_its_count(store: Postgres) -> None:
    named = "SELECT %(a)s::int AS a, %(b)b::text[] AS b, '%%' AS sign, %(a)s::int + 1 AS more"
    read, written, nothing = await store.together(
        "t", (named, {"a": 1, "b": ["{", '"', "\\", ""]}), switch("counted"), ("SELECT 1 AS one WHERE false", {})
    )
    assert read.rows == [{"a": 1, "b": ["{", '"', "\\", ""], "sign": "%", "more": 2}]
    assert (read.count, written.count, nothing.count) == (1, 1, 0)
    assert nothing.rows == []


async def test_statements_sent_with_one_that_fails_leave_nothing(store: Postgres) -> None:
    with pytest.raises(InvalidInput, match="kill_switches_pkey"):
        await store.together("t", switch("twice"), switch("twice"), switch("behind it"))
    assert [await count(store, value) for value in ("twice", "behind it")] == [0, 0]


async def test_value_that_cannot_be_sent_leaves_the_transaction_as_it_was(store: Postgres) -> None:
    async with store.transaction("t") as connection:
        await connection.together([switch("before it")])
        with pytest.raises(psycopg.DataError, match="NUL"):
            await connection.together([switch("beside it"), switch("a\x00b")])
    assert [await count(store, value) for value in ("before it", "beside it")] == [1, 0]


async def test_scope_and_bounds_end_with_the_statements(store: Postgres) -> None:
    [inside] = await store.together("t", ("SELECT current_setting('aluskort.tenant', true) AS tenant", {}))
    async with store._pool.connection() as connection:
        [outside] = await connection.together([("SELECT current_setting('aluskort.tenant', true) AS tenant", {})])
    assert (inside.rows, outside.rows) == ([{"tenant": "t"}], [{"tenant": ""}])


async def test_cancelled_statements_give_their_connection_back(store: Postgres) -> None:
    asked = asyncio.create_task(store.together("t", switch("cancelled"), ("SELECT pg_sleep(30)", {})))
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        while not await _sleeping(store):
            pass
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
    assert await count(store, "cancelled") == 0


async def test_connection_of_failed_statements_goes_back_though_its_rollback_is_cancelled(
    own_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = Postgres(own_database.url, pool_size=1, wait_seconds=5)
    rollback = Connection.rollback

    async def cancelled(connection: Connection) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await rollback(connection)

    with monkeypatch.context() as patched, pytest.raises(asyncio.CancelledError):
        patched.setattr(Connection, "rollback", cancelled)
        async with small.unit_of_work("t", switch("unrolled"), switch("unrolled")):
            pass
    assert await count(small, "unrolled") == 0
    await small.close()


async def test_statements_that_take_too_long_are_a_slow_store(store: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.stores.postgres.STATEMENT_SECONDS", 0.2)
    with pytest.raises(StoreSlow, match="canceling statement"):
        await store.together("t", switch("slow"), ("SELECT pg_sleep(30)", {}))
    assert await count(store, "slow") == 0


async def _sleeping(store: Postgres) -> bool:
    [found] = await store.together("t", ("SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(30)'", {}))
    return bool(found.rows)
