"""Simulated telemetry goes into the tables as it is, and each tenant sees its own."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg import sql

from local.telemetry.campaign import campaign
from local.telemetry.simulation import companies, simulated
from local.telemetry.writing import load
from shared.stores.postgres import Postgres
from tests.conftest import Database


async def test_simulated_rows_are_loaded_and_seen_by_their_tenant(database: Callable[[str], Database]) -> None:
    own = database("simulated")
    sites = companies(2, seed=3, size=0.3)
    first = (datetime.now(UTC) - timedelta(days=3)).date()
    blocks = list(simulated(sites, first, 2, campaign(sites, first, 2)))
    counts = load(own.owner_url, blocks)
    assert counts == Counter(block.table for block in blocks for _ in range(len(block)) if block.table != "alerts")
    expected = Counter((block.table, str(block.columns["tenant_id"][0])) for block in blocks for _ in range(len(block)))
    postgres = Postgres(own.url)
    for table in counts:
        for site in sites:
            async with postgres.transaction(site.tenant_id) as connection:
                cursor = await connection.execute(sql.SQL("SELECT count(*) AS n FROM {}").format(sql.Identifier(table)))
                row = await cursor.fetchone()
            assert row is not None
            assert row["n"] == expected[table, site.tenant_id]
    await postgres.close()


def test_load_keeps_unknown_counts_of_tests_unknown(database: Callable[[str], Database]) -> None:
    own = database("simulated_nulls")
    first = (datetime.now(UTC) - timedelta(days=20)).date()
    builds = [block for block in simulated(companies(1, seed=3), first, 15) if block.table == "cicd_audit"]
    unknown = sum(int((block.columns["tests_passed"] == None).sum()) for block in builds)  # noqa: E711 - each element
    assert unknown
    load(own.owner_url, builds)
    with psycopg.connect(own.owner_url) as connection:
        found = connection.execute("SELECT count(*) FROM cicd_audit WHERE tests_passed IS NULL").fetchone()
        empty = connection.execute("SELECT count(*) FROM cicd_audit WHERE dependency_changes IS NULL").fetchone()
    assert (found, empty) == ((unknown,), (0,))
