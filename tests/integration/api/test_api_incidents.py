"""Incidents over HTTP: every analyst reads them, seniors merge and split them, and the chain says who did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest

from tests.integration.api.test_api_investigations import investigation
from tests.unit.incidents.alerts import alert
from tests.unit.incidents.everyday import host

if TYPE_CHECKING:
    from tests.integration.api.conftest import Api


@pytest.fixture
def tenant() -> str:
    return f"tenant-{uuid4()}"


@pytest.fixture
def owner(owner_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(owner_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
async def linked(api: Api, tenant: str) -> str:
    """An incident of two alerts."""
    for name in ("a-1", "a-2"):
        found = await api.services.incidents.link(alert(name, host("ws-1"), tenant=tenant), f"inv-{name}")
    return found


async def test_analyst_reads_an_incident_with_the_reason_of_every_link(api: Api, tenant: str, linked: str) -> None:
    async with await api.signed_in("analyst", tenant=tenant) as client:
        (item,) = (await client.get("/v1/incidents")).json()["items"]
        whole = (await client.get(f"/v1/incidents/{linked}")).json()
    assert (item["incident_id"], item["alerts"], item["severity"], item["priority"]) == (linked, 2, "medium", 3)
    assert [member["reason"] for member in whole["members"]] == [
        "the first alert of its incident",
        "same host, ws-1.corp.example, at the time of alert a-1 (Alert a-1)",
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"state": "open"}, True),
        ({"state": "decided"}, False),
        ({"severity": "medium"}, True),
        ({"severity": "high"}, False),
    ],
)
async def test_list_of_incidents_is_filtered_by_what_follows_from_the_alerts(
    api: Api, tenant: str, linked: str, query: dict[str, str], found: bool
) -> None:
    async with await api.signed_in("analyst", tenant=tenant) as client:
        page = (await client.get("/v1/incidents", params=query)).json()
    assert [item["incident_id"] for item in page["items"]] == ([linked] if found else [])
    assert page["next_cursor"] is None


async def test_filtered_incidents_are_paged_without_loss(api: Api, tenant: str) -> None:
    for number in range(5):
        await api.services.incidents.link(
            alert(f"a-{number}", host(f"lone-{number}"), tenant=tenant, severity="high" if number % 2 else "low"), "inv"
        )
    seen, query = list[str](), {"severity": "low", "limit": "1"}
    async with await api.signed_in("analyst", tenant=tenant) as client:
        for _ in range(9):
            page = (await client.get("/v1/incidents", params=query)).json()
            seen += [item["title"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
    assert len(seen) == len(set(seen)) == 3


async def test_case_shows_its_incident(api: Api, owner: psycopg.Connection, tenant: str) -> None:
    case = investigation(owner, tenant)
    found = await api.services.incidents.link(alert("alert-0", host("ws-1"), tenant=tenant), case)
    async with await api.signed_in("analyst", tenant=tenant) as client:
        shown = (await client.get(f"/v1/investigations/{case}")).json()["incident"]
    assert (shown["incident_id"], shown["members"][0]["investigation_id"]) == (found, case)


WISHES: list[tuple[str, dict[str, Any]]] = [("split", {"alert_ids": ["a-2"]}), ("merge", {"into": "x"})]


@pytest.mark.parametrize(("verb", "wish"), WISHES)
async def test_analyst_may_change_no_incident(
    api: Api, tenant: str, linked: str, verb: str, wish: dict[str, Any]
) -> None:
    async with await api.signed_in("analyst", tenant=tenant) as client:
        answer = await client.post(f"/v1/incidents/{linked}/{verb}", json=wish)
    assert answer.status_code == 403


async def test_senior_splits_and_merges_and_the_chain_names_them(api: Api, tenant: str, linked: str) -> None:
    async with await api.signed_in("senior_analyst", tenant=tenant) as client:
        wish = {"alert_ids": ["a-2"], "comment": "a drill"}
        made = (await client.post(f"/v1/incidents/{linked}/split", json=wish)).json()
        assert [member["alert_id"] for member in made["members"]] == ["a-2"]
        whole = (await client.post(f"/v1/incidents/{made['incident_id']}/merge", json={"into": linked})).json()
        assert [member["alert_id"] for member in whole["members"]] == ["a-1", "a-2"]
        gone = (await client.get(f"/v1/incidents/{made['incident_id']}")).json()
        assert gone["merged_into"] == linked
    events = [event for event in await api.audited() if event.actor_id == "casey"]
    assert [event.event_type for event in events if event.tenant_id == tenant] == ["incident.split", "incident.merged"]


@pytest.mark.parametrize(
    ("verb", "wish", "status"),
    [
        ("split", {"alert_ids": ["a-1", "a-2"]}, 409),
        ("split", {"alert_ids": ["a-9"]}, 404),
        ("split", {"alert_ids": []}, 422),
        ("split", {"alert_ids": ["\x00"]}, 422),
        ("merge", {"into": "no-such-incident"}, 404),
    ],
)
async def test_wish_that_cannot_be_met_is_refused(
    api: Api, tenant: str, linked: str, verb: str, wish: dict[str, Any], status: int
) -> None:
    async with await api.signed_in("senior_analyst", tenant=tenant) as client:
        answer = await client.post(f"/v1/incidents/{linked}/{verb}", json=wish)
    assert answer.status_code == status


async def test_incident_of_another_tenant_does_not_exist(api: Api, tenant: str, linked: str) -> None:
    async with await api.signed_in("admin", tenant=f"{tenant}-2") as client:
        assert (await client.get(f"/v1/incidents/{linked}")).status_code == 404
        assert (await client.get("/v1/incidents")).json()["items"] == []
