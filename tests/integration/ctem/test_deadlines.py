"""Exposures that nobody repaired in time are reported once."""

import json
from datetime import UTC, datetime

import pytest

from shared.bus.outbox import Outbox
from shared.bus.producer import MemoryProducer
from shared.ctem.deadlines import Deadlines
from shared.ctem.scans import Scans
from shared.stores.postgres import Postgres
from tests.integration.ctem.test_scans import MONDAY, TUESDAY, finding, run


@pytest.fixture
def deadlines(store: Postgres, outbox: Outbox) -> Deadlines:
    return Deadlines(store, outbox)


async def breaches(outbox: Outbox, producer: MemoryProducer, tenant: str) -> list[str]:
    await outbox.settled()
    await outbox.sweep()
    events = [json.loads(message.value) for message in producer.on("audit.events") if message.key == tenant]
    return [one["context"]["exposure_key"] for one in events if one["event_type"] == "ctem.sla_breached"]


async def change(store: Postgres, tenant: str, what: str) -> None:
    async with store.transaction(tenant) as connection:
        await connection.execute(f"UPDATE ctem_exposures SET {what} WHERE tenant_id = %s".encode(), (tenant,))


async def test_deadline_that_has_passed_is_reported_once(
    deadlines: Deadlines, scans: Scans, store: Postgres, tenant: str, outbox: Outbox, producer: MemoryProducer
) -> None:
    await run(scans, tenant, MONDAY, finding("late"), finding("in time"))
    late = "sla_deadline = now() - interval '1 minute'"
    await change(
        store, tenant, f"{late}, sla_breached_at = CASE exposure->>'title' WHEN 'late' THEN NULL ELSE now() END"
    )
    for _ in range(2):
        await deadlines.report_breached()
    assert len(await breaches(outbox, producer, tenant)) == 1


@pytest.mark.parametrize(
    ("state", "reported"),
    [
        ("status = 'Closed'", 0),
        ("accepted_until = now() + interval '1 day', accepted_by = 'p', accepted_reason = 'r'", 0),
        ("accepted_until = now() - interval '1 second', accepted_by = 'p', accepted_reason = 'r'", 1),
    ],
    ids=["closed", "accepted", "acceptance ended"],
)
async def test_only_open_exposures_that_nobody_accepts_are_late(
    deadlines: Deadlines,
    scans: Scans,
    store: Postgres,
    tenant: str,
    outbox: Outbox,
    producer: MemoryProducer,
    state: str,
    reported: int,
) -> None:
    await run(scans, tenant, MONDAY, finding())
    await change(store, tenant, f"sla_deadline = now() - interval '1 minute', {state}")
    await deadlines.report_breached()
    assert len(await breaches(outbox, producer, tenant)) == reported


@pytest.mark.parametrize(
    ("zone", "hours"),
    [("Zone1_EdgeInference", 24), ("Zone2_Operations", 72), ("Zone3_Enterprise", 14 * 24)],
)
async def test_clock_runs_from_the_first_import_by_severity(
    scans: Scans, store: Postgres, tenant: str, zone: str, hours: int
) -> None:
    before = datetime.now(UTC)
    await run(scans, tenant, MONDAY, finding(zone="Zone2_Operations"))
    await run(scans, tenant, TUESDAY, finding(zone=zone))
    async with store.transaction(tenant) as connection:
        cursor = await connection.execute(
            "SELECT sla_deadline - clock_started_at AS time, clock_started_at FROM ctem_exposures WHERE tenant_id = %s",
            (tenant,),
        )
        row = await cursor.fetchone()
    assert row is not None
    assert row["time"].total_seconds() == hours * 3600
    assert row["clock_started_at"] >= before
