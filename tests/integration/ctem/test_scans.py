"""The life of exposures from scan to scan, in the store and in what is published."""

import itertools
import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.bus.outbox import Outbox
from shared.bus.producer import MemoryProducer
from shared.ctem.finding import Finding, Tool
from shared.ctem.life import Change
from shared.ctem.rates import Rate
from shared.ctem.scans import Scan, Scans
from shared.ctem.scoring import scored
from shared.ctem.severity import Exploitability
from shared.stores.postgres import Postgres

MONDAY = datetime(2026, 11, 23, 6, tzinfo=UTC)
TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)


def finding(title: str = "Open port", **fields: Any) -> Finding:
    given = {"asset_id": "vm-1", "zone": "Zone3_Enterprise", "level": Exploitability.HIGH, "severity": "HIGH"}
    return Finding(**{"tool": Tool.WIZ, "title": title, **given, **fields})


async def run(
    scans: Scans, tenant: str, at: datetime, *found: Finding, scope: str = "", size: int = 1_000
) -> Counter[Change]:
    """One scan; what it changed."""
    scan = Scan(tenant_id=tenant, tool=Tool.WIZ, at=at, scope=scope)
    for batch in itertools.batched(found, size, strict=False):
        await scans.record(scan, [scored(one, tenant_id=tenant, at=at) for one in batch])
    await scans.finish(scan)
    return +scan.changes


async def rows(store: Postgres, tenant: str, columns: str = "status") -> list[dict[str, Any]]:
    async with store.transaction(tenant) as connection:
        cursor = await connection.execute(
            f"SELECT exposure->>'title' AS title, {columns} FROM ctem_exposures WHERE tenant_id=%s ORDER BY 1".encode(),
            (tenant,),
        )
        return await cursor.fetchall()


async def versions(store: Postgres, tenant: str) -> list[dict[str, Any]]:
    """Which transaction wrote each row last."""
    return await rows(store, tenant, "xmin::text")


async def published(outbox: Outbox, producer: MemoryProducer, tenant: str) -> list[tuple[str, str]]:
    """The title and status of each exposure on ctem.normalized."""
    await outbox.settled()
    await outbox.sweep()
    values = [json.loads(message.value) for message in producer.on("ctem.normalized")]
    return [(value["title"], value["status"]) for value in values if value["tenant_id"] == tenant]


async def test_same_report_again_changes_no_row_and_publishes_nothing(
    scans: Scans, store: Postgres, tenant: str, outbox: Outbox, producer: MemoryProducer
) -> None:
    found = [finding(f"Finding {number}") for number in range(3)]
    assert await run(scans, tenant, MONDAY, *found) == {Change.NEW: 3}
    before, told = await versions(store, tenant), await published(outbox, producer, tenant)
    assert len(told) == 3
    assert await run(scans, tenant, MONDAY, *found) == {Change.SAME: 3}
    assert await versions(store, tenant) == before
    assert await published(outbox, producer, tenant) == told


async def test_changed_finding_is_one_update_and_one_event(
    scans: Scans, store: Postgres, tenant: str, outbox: Outbox, producer: MemoryProducer
) -> None:
    await run(scans, tenant, MONDAY, finding())
    changes = await run(scans, tenant, TUESDAY, finding(zone="Zone1_EdgeInference"))
    assert changes == {Change.CHANGED: 1}
    (row,) = await rows(store, tenant, "severity")
    assert row["severity"] == "CRITICAL"
    assert await published(outbox, producer, tenant) == [("Open port", "Open")] * 2


async def test_findings_that_differ_in_the_resource_only_are_two(scans: Scans, store: Postgres, tenant: str) -> None:
    assert await run(scans, tenant, MONDAY, finding(), finding(asset_id="vm-2")) == {Change.NEW: 2}


async def test_finding_seen_again_is_told_to_nobody(
    scans: Scans, store: Postgres, tenant: str, outbox: Outbox, producer: MemoryProducer
) -> None:
    await run(scans, tenant, MONDAY, finding())
    assert await run(scans, tenant, TUESDAY, finding(), finding()) == {Change.SEEN: 1}
    (row,) = await rows(store, tenant, "first_seen, last_seen, occurrences")
    assert (row["first_seen"], row["last_seen"], row["occurrences"]) == (MONDAY, TUESDAY, 2)
    assert len(await published(outbox, producer, tenant)) == 1


async def test_full_scan_resolves_what_it_no_longer_shows_in_its_scope_only(
    scans: Scans, store: Postgres, tenant: str, outbox: Outbox, producer: MemoryProducer
) -> None:
    await run(scans, tenant, MONDAY, finding("a"), finding("b"), scope="subscription 1")
    await run(scans, tenant, MONDAY, finding("c"), scope="subscription 2")
    await run(scans, tenant, MONDAY, finding("d"))
    changes = await run(scans, tenant, TUESDAY, finding("a"), scope="subscription 1")
    assert changes == {Change.SEEN: 1, Change.RESOLVED: 1}
    found = [row["status"] for row in await rows(store, tenant)]
    assert found == ["Open", "Closed", "Open", "Open"]
    assert ("b", "Closed") in await published(outbox, producer, tenant)


async def test_partial_scan_resolves_nothing(scans: Scans, store: Postgres, tenant: str) -> None:
    await run(scans, tenant, MONDAY, finding("a"), finding("b"), scope="subscription 1")
    assert await run(scans, tenant, TUESDAY, finding("a")) == {Change.SEEN: 1}
    assert {row["status"] for row in await rows(store, tenant)} == {"Open"}


async def test_resolved_finding_that_comes_back_is_reopened_with_a_new_clock(
    scans: Scans, store: Postgres, tenant: str
) -> None:
    await run(scans, tenant, MONDAY, finding(), scope="s")
    await run(scans, tenant, TUESDAY, scope="s")
    assert await run(scans, tenant, WEDNESDAY, finding(), scope="s") == {Change.REOPENED: 1}
    (row,) = await rows(store, tenant, "status, reopened, resolved_at, sla_deadline > now() AS has_time")
    assert (row["status"], row["reopened"], row["resolved_at"], row["has_time"]) == ("Open", 1, None, True)


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
async def test_scans_in_any_order_and_repeated_end_in_the_same_rows(
    scans: Scans, store: Postgres, tenant: str, order: Sequence[int]
) -> None:
    reports = [
        (MONDAY, [finding("a", zone="Zone2_Operations"), finding("b")]),
        (TUESDAY, [finding("a"), finding("b", description="more is known"), finding("b", is_open=False)]),
        (WEDNESDAY, [finding("a", description="the last word"), finding("c", is_open=False)]),
    ]
    columns = "status, severity, digest, first_seen, last_seen, occurrences, resolved_at"
    for at, found in reports:
        await run(scans, f"{tenant}-in-order", at, *found, size=1)
    for place in (*order, *order):
        await run(scans, tenant, reports[place][0], *reversed(reports[place][1]), size=1)
    mine, expected = await rows(store, tenant, columns), await rows(store, f"{tenant}-in-order", columns)
    for row in (*mine, *expected):  # the tenant is part of the digest
        row["digest"] = len(row["digest"])
    assert mine == expected


async def test_many_findings_with_one_identity_are_one_row_that_counts_them(
    scans: Scans, store: Postgres, tenant: str
) -> None:
    found = [finding(description=f"place {number}") for number in range(5_000)]
    await run(scans, tenant, MONDAY, *found)
    before = await versions(store, tenant)
    await run(scans, tenant, MONDAY, *found)
    (row,) = await rows(store, tenant, "occurrences")
    assert row["occurrences"] == 5_000
    assert await versions(store, tenant) == before


async def test_rate_changes_only_when_its_interval_leaves_the_one_before(
    scans: Scans, store: Postgres, tenant: str
) -> None:
    def measured(hits: int) -> Finding:
        return finding("dan.Dan_11_0 / mitigation.MitigationBypass", rate=Rate(hits, 100), score=hits / 100)

    await run(scans, tenant, MONDAY, measured(20))
    assert await run(scans, tenant, TUESDAY, measured(26)) == {Change.SEEN: 1}
    assert await run(scans, tenant, WEDNESDAY, measured(70)) == {Change.CHANGED: 1}
    (row,) = await rows(store, tenant, "details")
    assert row["details"]["rate"]["hits"] == 70
    assert row["details"]["regression"]["before"]["hits"] == 20


async def test_what_people_decided_outlives_the_next_scan(scans: Scans, store: Postgres, tenant: str) -> None:
    await run(scans, tenant, MONDAY, finding())
    async with store.transaction(tenant) as connection:
        await connection.execute(
            "UPDATE ctem_exposures SET status = 'InProgress', assigned_to = 'ot-team', accepted_until = now() + "
            "interval '9 days', accepted_by = 'p', accepted_reason = 'r' WHERE tenant_id = %s",
            (tenant,),
        )
    await run(scans, tenant, TUESDAY, finding(description="new"))
    (row,) = await rows(store, tenant, "status, assigned_to, accepted_by")
    assert (row["status"], row["assigned_to"], row["accepted_by"]) == ("InProgress", "ot-team", "p")


async def test_same_finding_of_two_tenants_is_two_exposures(scans: Scans, store: Postgres, tenant: str) -> None:
    for owner in (tenant, f"{tenant}-other"):
        assert await run(scans, owner, MONDAY, finding()) == {Change.NEW: 1}
    assert len(await rows(store, tenant)) == 1


async def test_each_batch_is_one_record_with_the_severities_before_and_after(
    scans: Scans, tenant: str, outbox: Outbox, producer: MemoryProducer
) -> None:
    await run(scans, tenant, MONDAY, finding("a"), finding("b"))
    await run(scans, tenant, TUESDAY, finding("a", zone="Zone2_Operations"), finding("b"))
    await published(outbox, producer, tenant)
    events = [json.loads(message.value) for message in producer.on("audit.events") if message.key == tenant]
    assert [event["event_type"] for event in events] == ["ctem.exposure_scored"] * 2
    (changed,) = events[1]["context"]["exposures"]
    assert (changed["change"], changed["severity_before"], changed["severity"]) == ("changed", "MEDIUM", "HIGH")
