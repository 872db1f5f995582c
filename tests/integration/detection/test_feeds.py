"""A row that was made from another system's format is stored in the table that a rule reads."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from psycopg import sql

from shared.detection.feeds.catalogue import FEEDS, convert
from shared.detection.telemetry import Telemetry, read_row
from shared.stores.postgres import Postgres

SAMPLES = Path(__file__).parents[3] / "local/samples/telemetry"


@pytest.mark.parametrize("name", FEEDS)
async def test_sample_of_a_format_is_stored_once(store: Postgres, tenant: str, name: str) -> None:
    (path,) = SAMPLES.glob(f"{name}.json*")
    converted = convert(name, path.read_bytes(), tenant)
    now = datetime.now(UTC)  # a table takes nothing that is very old, and samples grow old
    rows = [
        read_row(converted.table, {**row, "ts": now}, origin=f"a test {place}")
        for place, row in enumerate(converted.rows)
    ]
    telemetry = Telemetry(store)
    assert await telemetry.store(converted.table, rows) == len(rows)
    assert await telemetry.store(converted.table, rows) == 0
    statement = sql.SQL("SELECT count(*) AS n FROM {} WHERE tenant_id = %s")
    async with store.transaction(tenant) as connection:
        cursor = await connection.execute(statement.format(sql.Identifier(converted.table)), (tenant,))
        found = await cursor.fetchone()
    assert found == {"n": len(rows)}
