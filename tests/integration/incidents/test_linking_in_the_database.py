"""Alerts in PostgreSQL: linked as the rules say, once, by many at a time, and in any order."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from shared.contracts.audit import AuditEvent
from shared.contracts.incident import MOST_ALERTS
from shared.contracts.investigation import GraphState
from shared.contracts.listing import Listing
from shared.incidents.expiry import forget_traces
from shared.incidents.repository import Incidents, record_verdict
from shared.stores.postgres import Postgres
from tests.conftest import Database
from tests.unit.incidents.alerts import alert
from tests.unit.incidents.everyday import account, host

Audited = Callable[[], Awaitable[list[AuditEvent]]]


async def test_alert_of_the_same_host_joins_the_incident_and_says_why(incidents: Incidents, tenant: str) -> None:
    first = await incidents.link(alert("a-1", host("ws-1"), tenant=tenant), "i-1")
    second = await incidents.link(alert("a-2", host("ws-1"), minutes=30, tenant=tenant), "i-2")
    assert first == second
    found = await incidents.incident(tenant, first)
    assert [(member.alert_id, member.investigation_id, member.linked_by) for member in found.members] == [
        ("a-1", "i-1", "rule"),
        ("a-2", "i-2", "rule"),
    ]
    assert found.members[0].reason == "the first alert of its incident"
    assert found.members[1].reason == "same host, ws-1.corp.example, 30 minutes from alert a-1 (Alert a-1)"


async def test_alert_that_belongs_to_two_incidents_makes_them_one(
    incidents: Incidents, tenant: str, audited: Audited
) -> None:
    first = await incidents.link(alert("a-1", host("ws-1"), tenant=tenant), "i-1")
    second = await incidents.link(alert("a-2", account("robin"), tenant=tenant), "i-2")
    assert first != second
    assert await incidents.link(alert("a-3", host("ws-1"), account("robin"), tenant=tenant), "i-3") == first
    assert len((await incidents.incident(tenant, first)).members) == 3
    assert (await incidents.incident(tenant, second)).merged_into == first
    assert [event.event_type for event in await audited()] == [
        "incident.opened",
        "incident.opened",
        "incident.linked",
        "incident.merged",
    ]


async def test_repeated_message_changes_nothing(incidents: Incidents, tenant: str, audited: Audited) -> None:
    again = alert("a-1", host("ws-1"), tenant=tenant)
    first = await incidents.link(again, "i-1")
    assert await incidents.link(again, "i-1") == first
    assert [event.event_type for event in await audited()] == ["incident.opened"]


async def test_entities_that_come_late_link_an_alert_that_was_alone(incidents: Incidents, tenant: str) -> None:
    known = await incidents.link(alert("a-1", host("ws-1"), tenant=tenant), "i-1")
    alone = await incidents.link(alert("a-2", tenant=tenant), "i-2")
    assert alone != known
    assert await incidents.link(alert("a-2", host("ws-1"), tenant=tenant), "i-2") == known
    assert (await incidents.incident(tenant, alone)).merged_into == known


async def test_another_tenants_alert_is_never_linked(incidents: Incidents, tenant: str) -> None:
    mine = await incidents.link(alert("a-1", host("ws-1"), tenant=tenant), "i-1")
    other = await incidents.link(alert("a-2", host("ws-1"), tenant=f"{tenant}-2"), "i-2")
    assert mine != other


async def test_alerts_linked_at_once_are_one_incident(incidents: Incidents, tenant: str) -> None:
    flood = [alert(f"a-{place}", host("ws-1"), account(f"user{place % 5}"), tenant=tenant) for place in range(60)]
    found = await asyncio.gather(*(incidents.link(each, f"i-{each.alert_id}") for each in flood))
    current = [item.incident_id for item in (await incidents.incidents(tenant, Listing(limit=10))).rows]
    assert current == [found[0]]
    assert len((await incidents.incident(tenant, found[0])).members) == 60


async def test_merges_at_once_neither_lock_each_other_out_nor_lose_an_alert(incidents: Incidents, tenant: str) -> None:
    """A ring of hosts: every alert joins two incidents, and its neighbours join the same ones at that moment."""
    ring = [
        alert(f"a-{place}", host(f"ws-{place}"), host(f"ws-{(place + 1) % 40}"), tenant=tenant) for place in range(40)
    ]
    random.Random(5).shuffle(ring)
    await asyncio.gather(*(incidents.link(each, f"i-{each.alert_id}") for each in ring))
    (only,) = (await incidents.incidents(tenant, Listing(limit=10))).rows
    assert only.alerts == 40


async def test_incident_takes_no_more_alerts_than_people_can_look_at(incidents: Incidents, tenant: str) -> None:
    for place in range(MOST_ALERTS + 2):
        await incidents.link(alert(f"a-{place}", host("ws-1"), tenant=tenant), f"i-{place}")
    sizes = [each.alerts for each in (await incidents.incidents(tenant, Listing(limit=10))).rows]
    assert max(sizes) == MOST_ALERTS


async def test_hostile_text_is_stored(incidents: Incidents, tenant: str) -> None:
    hostile = host("ws-1\x00\ud800") | {"HostName": "ws\x00"}
    found = await incidents.link(alert("a-\x00", hostile, tenant=tenant), "i-1")
    assert (await incidents.of_alert(tenant, "a-\x00")).incident_id == found  # type: ignore[union-attr]


async def test_alert_with_the_longest_id_and_endless_names_is_linked(incidents: Incidents, tenant: str) -> None:
    longest = alert("\U0001f600" * 512, host("\U0001f600" * 900), account("\U0001f600" * 900), tenant=tenant)
    assert await incidents.link(longest, "i-1") == await incidents.link(
        alert("a-2", host("\U0001f600" * 900), tenant=tenant), "i-2"
    )


async def test_verdict_is_noted_and_a_decided_incident_says_so(
    incidents: Incidents, store: Postgres, tenant: str
) -> None:
    found = await incidents.link(alert("a-1", host("ws-1"), tactics="Execution", tenant=tenant), "i-1")
    await incidents.link(alert("a-2", host("ws-1"), tactics="Exfiltration", tenant=tenant), "i-2")
    before = await incidents.incident(tenant, found)
    assert (before.severity, before.priority, before.stage, before.decided) == ("high", 2, "effect", False)
    judged = {"classification": "true_positive", "confidence": 0.9, "outcome": "responded"}
    for name in ("a-1", "a-2"):
        state = GraphState.model_validate({"investigation_id": "i", "tenant_id": tenant, "alert_id": name, **judged})
        async with store.transaction(tenant) as connection:
            await connection.execute(*record_verdict(state, decided=True))
    after = await incidents.incident(tenant, found)
    assert (after.severity, after.priority, after.decided) == ("high", 1, True)


async def test_grave_exposure_of_what_an_alert_names_is_shown_and_raises_the_priority(
    incidents: Incidents, store: Postgres, tenant: str
) -> None:
    found = await incidents.link(alert("a-1", host("ws-1"), tenant=tenant), "i-1")
    before = await incidents.incident(tenant, found)
    named = {"exposure_key": "k", "title": "Log4Shell\x00", "severity": "CRITICAL", "reason": "r", "age_hours": 2}
    exposures = [named | {"accepted": False}, named | {"accepted": True}, {"exposure_key": "of an older release"}]
    state = GraphState.model_validate(
        {"investigation_id": "i", "tenant_id": tenant, "alert_id": "a-1", "ctem_exposures": exposures}
    )
    async with store.transaction(tenant) as connection:
        await connection.execute(*record_verdict(state, decided=False))
    after = await incidents.incident(tenant, found)
    assert after.priority == before.priority - 1
    assert [each.severity for each in after.members[0].exposures] == ["CRITICAL"]


async def test_row_of_a_rule_survives_what_it_names(own_database: Database, incidents: Incidents, tenant: str) -> None:
    """An incident that was merged stays: cases and audit records name it."""
    await incidents.link(alert("a-1", host("ws-1"), tenant=tenant), "i-1")
    with psycopg.connect(own_database.url) as app:
        granted = app.execute("SELECT has_table_privilege('aluskort_app', 'incidents', 'DELETE')").fetchone()
    assert granted == (False,)


async def test_traces_are_forgotten_once_they_can_link_nothing(
    incidents: Incidents, store: Postgres, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = alert("a-1", host("ws-1"), tenant=tenant)
    await incidents.link(made, "i-1")
    age = datetime.now(UTC) - datetime.fromisoformat(made.timestamp)

    async def left() -> int:
        async with store.transaction(tenant) as connection:
            return len(await (await connection.execute("SELECT FROM incident_traces")).fetchall())

    for kept, remain in ((age + timedelta(days=1), True), (age - timedelta(days=1), False)):
        monkeypatch.setattr("shared.incidents.expiry.KEPT", kept)
        await forget_traces(store)
        assert bool(await left()) is remain
