"""Incidents changed by people and by the source: what they say stays, and every change is audited."""

from collections.abc import Awaitable, Callable

import pytest

from shared.contracts.audit import AuditEvent
from shared.contracts.incident import SourceIncident
from shared.errors import Conflict, NotFound
from shared.incidents.regrouping import Regrouping
from shared.incidents.report import Actor
from shared.incidents.repository import Incidents
from tests.unit.incidents.alerts import alert
from tests.unit.incidents.everyday import account, host

Audited = Callable[[], Awaitable[list[AuditEvent]]]
CASEY = Actor("casey", permissions=["incidents.change"])


@pytest.fixture
async def three(incidents: Incidents, tenant: str) -> str:
    """An incident of three alerts on one host."""
    for name in ("a-1", "a-2", "a-3"):
        found = await incidents.link(alert(name, host("ws-1"), tenant=tenant), f"i-{name}")
    return found


async def members(incidents: Incidents, tenant: str, incident_id: str) -> list[str]:
    return sorted(each.alert_id for each in (await incidents.incident(tenant, incident_id)).members)


async def test_split_takes_alerts_out_and_no_rule_joins_the_two_again(
    incidents: Incidents, regrouping: Regrouping, tenant: str, three: str, audited: Audited
) -> None:
    made = await regrouping.split(tenant, three, ["a-3"], actor=CASEY, comment="a drill")
    assert [(each.alert_id, each.linked_by, each.reason) for each in made.members] == [("a-3", "person", "a drill")]
    joined = await incidents.link(alert("a-4", host("ws-1"), tenant=tenant), "i-4")
    assert joined == three  # it has more in common with it
    assert await members(incidents, tenant, three) == ["a-1", "a-2", "a-4"]
    assert await members(incidents, tenant, made.incident_id) == ["a-3"]
    split = next(event for event in await audited() if event.event_type == "incident.split")
    assert (split.actor_id, split.actor_type, split.actor_permissions) == ("casey", "human", ["incidents.change"])
    assert split.context["alert_ids"] == ["a-3"]
    assert split.context["new_incident_id"] == made.incident_id


async def test_alert_that_a_person_placed_stays_when_a_message_adds_to_it(
    incidents: Incidents, regrouping: Regrouping, tenant: str, three: str
) -> None:
    made = await regrouping.split(tenant, three, ["a-3"], actor=CASEY, comment="")
    more = alert("a-3", host("ws-1"), account("robin"), tenant=tenant)
    assert await incidents.link(more, "i-a-3") == made.incident_id


async def test_merge_makes_one_of_two_and_lifts_an_earlier_split(
    incidents: Incidents, regrouping: Regrouping, tenant: str, three: str, audited: Audited
) -> None:
    made = await regrouping.split(tenant, three, ["a-3"], actor=CASEY, comment="")
    await regrouping.merge(tenant, made.incident_id, into=three, actor=CASEY, comment="it was no drill")
    assert await members(incidents, tenant, three) == ["a-1", "a-2", "a-3"]
    assert (await incidents.incident(tenant, made.incident_id)).merged_into == three
    merged = next(event for event in await audited() if event.event_type == "incident.merged")
    assert (merged.actor_id, merged.context["reason"]) == ("casey", "it was no drill")


async def test_split_that_leaves_nothing_or_names_a_stranger_is_refused(
    regrouping: Regrouping, tenant: str, three: str
) -> None:
    with pytest.raises(Conflict, match="leave at least one"):
        await regrouping.split(tenant, three, ["a-1", "a-2", "a-3"], actor=CASEY, comment="")
    with pytest.raises(NotFound, match="no alert 'a-9'"):
        await regrouping.split(tenant, three, ["a-9"], actor=CASEY, comment="")


async def test_merged_incident_is_changed_no_more(
    incidents: Incidents, regrouping: Regrouping, tenant: str, three: str
) -> None:
    other = await incidents.link(alert("b-1", host("ws-9"), tenant=tenant), "i-b")
    await regrouping.merge(tenant, other, into=three, actor=CASEY, comment="")
    with pytest.raises(Conflict, match="part of incident"):
        await regrouping.merge(tenant, other, into=three, actor=CASEY, comment="")
    with pytest.raises(Conflict, match="cannot be merged into itself"):
        await regrouping.merge(tenant, three, into=three, actor=CASEY, comment="")


async def test_incident_of_another_tenant_does_not_exist(regrouping: Regrouping, tenant: str, three: str) -> None:
    with pytest.raises(NotFound):
        await regrouping.split(f"{tenant}-2", three, ["a-1"], actor=CASEY, comment="")


async def grouped(regrouping: Regrouping, tenant: str, *alert_ids: str) -> str:
    named = {"source": "sentinel", "number": "4711", "title": "Attack"}
    return await regrouping.from_source(SourceIncident(tenant_id=tenant, alert_ids=list(alert_ids), **named))


async def test_source_gathers_what_no_rule_links_and_what_has_not_come_yet(
    incidents: Incidents, regrouping: Regrouping, tenant: str
) -> None:
    first = await incidents.link(alert("a-1", host("ws-1"), tenant=tenant), "i-1")
    found = await grouped(regrouping, tenant, "a-1", "a-2")
    assert await incidents.link(alert("a-2", account("robin"), tenant=tenant), "i-2") == found
    assert await members(incidents, tenant, found) == ["a-1", "a-2"]
    assert (await incidents.incident(tenant, first)).merged_into == found
    assert (await incidents.incident(tenant, found)).source_incident == "4711"
    assert await grouped(regrouping, tenant, "a-1", "a-2") == found


async def test_incident_has_what_the_source_last_said_of_it(
    incidents: Incidents, regrouping: Regrouping, tenant: str
) -> None:
    said = [("New", ""), ("Closed", "TruePositive")]
    for status, classification in said:
        found = await regrouping.from_source(
            SourceIncident(
                tenant_id=tenant, source="sentinel", number="4711", title="Attack", alert_ids=["a-1"], status=status,
                classification=classification,
            )
        )  # fmt: skip
        incident = await incidents.incident(tenant, found)
        assert (incident.source_status, incident.source_classification) == (status, classification)


async def test_what_the_source_left_out_leaves_and_joins_no_more(
    incidents: Incidents, regrouping: Regrouping, tenant: str, three: str
) -> None:
    """a-3 is on the same host as both that the source grouped, a-9 was linked to a-3 by an account."""
    await incidents.link(alert("a-3", host("ws-1"), account("robin"), tenant=tenant), "i-3")
    await incidents.link(alert("a-9", account("robin"), tenant=tenant), "i-9")
    found = await grouped(regrouping, tenant, "a-1", "a-2")
    assert await members(incidents, tenant, found) == ["a-1", "a-2"]
    assert await members(incidents, tenant, three) == ["a-3", "a-9"]
    later = await incidents.link(alert("a-10", host("ws-1"), minutes=5, tenant=tenant), "i-10")
    assert later == three


async def test_alerts_that_only_their_place_joined_are_apart_after_the_source_has_grouped(
    incidents: Incidents, regrouping: Regrouping, tenant: str
) -> None:
    await incidents.link(alert("a-1", host("ws-1"), account("robin"), tenant=tenant), "i-1")
    await incidents.link(alert("a-2", host("ws-1"), tenant=tenant), "i-2")
    last = await incidents.link(alert("a-3", account("robin"), tenant=tenant), "i-3")
    assert await members(incidents, tenant, last) == ["a-1", "a-2", "a-3"]
    found = await grouped(regrouping, tenant, "a-1")
    places = {name: (await incidents.of_alert(tenant, name)).incident_id for name in ("a-1", "a-2", "a-3")}  # type: ignore[union-attr]
    assert places["a-1"] == found
    assert len(set(places.values())) == 3


async def test_source_moves_nothing_that_a_person_placed(
    incidents: Incidents, regrouping: Regrouping, tenant: str, three: str
) -> None:
    made = await regrouping.split(tenant, three, ["a-3"], actor=CASEY, comment="")
    found = await grouped(regrouping, tenant, "a-1", "a-2", "a-3")
    assert await members(incidents, tenant, found) == ["a-1", "a-2"]
    assert await members(incidents, tenant, made.incident_id) == ["a-3"]


async def test_alert_that_names_its_incident_joins_it(incidents: Incidents, tenant: str) -> None:
    first = await incidents.link(alert("a-1", host("ws-1"), tenant=tenant, IncidentId=384), "i-1")
    second = await incidents.link(alert("a-2", account("robin"), minutes=900, tenant=tenant, IncidentId=384), "i-2")
    assert first == second
