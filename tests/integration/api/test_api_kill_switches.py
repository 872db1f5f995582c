from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from shared.access.kill_switch import active_switches
from shared.stores.postgres import Postgres

if TYPE_CHECKING:
    from tests.integration.api.conftest import Api

PATH = "/v1/kill-switches"


def switch(dimension: str, value: str, reason: str = "the feed is spoiled") -> dict[str, str]:
    return {"dimension": dimension, "value": value, "reason": reason}


@pytest.fixture
def tenant() -> str:
    return f"tenant-{uuid4()}"


async def test_switch_holds_from_the_answer_on_and_no_longer_than_it_is_on(
    api: Api, store: Postgres, tenant: str
) -> None:
    admin = await api.signed_in("admin", tenant=tenant)
    for wanted in (switch("tenant", tenant), switch("technique", "t1059"), switch("datasource", "sentinel")):
        assert (await admin.post(PATH, json=wanted)).status_code == 200

    async def active(tenant_id: str) -> list[str]:
        [found] = await store.read(tenant_id, active_switches(tenant_id, techniques=["T1059.001"], source="sentinel"))
        return list(found)

    on = ["datasource:sentinel", "technique:T1059", f"tenant:{tenant}"]
    assert await active(tenant) == on
    assert await active(f"{tenant}-other") == []
    listed = (await admin.get(PATH)).json()["items"]
    assert {(one["dimension"], one["value"], one["activated_by"]) for one in listed} == {
        (*name.split(":"), "casey") for name in on
    }
    lifted = await admin.post(f"{PATH}/deactivate", json=switch("technique", "T1059", "the feed is clean again"))
    assert lifted.status_code == 204
    assert await active(tenant) == [on[0], on[2]]


async def test_each_change_is_audited_once_with_its_reason(api: Api, tenant: str) -> None:
    admin = await api.signed_in("admin", tenant=tenant)
    first = (await admin.post(PATH, json=switch("pattern", "fp-1", "closed a real one"))).json()
    assert (await admin.post(PATH, json=switch("pattern", "fp-1", "again"))).json() == first
    await admin.post(f"{PATH}/deactivate", json=switch("pattern", "fp-1", "mended"))
    assert (await admin.post(f"{PATH}/deactivate", json=switch("pattern", "fp-1", "again"))).status_code == 404
    mine = [event for event in await api.audited() if event.tenant_id == tenant]
    assert [(event.event_type, event.actor_id, event.context["reason"]) for event in mine] == [
        ("kill_switch.activated", "casey", "closed a real one"),
        ("kill_switch.deactivated", "casey", "mended"),
    ]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (switch("pattern", " \x1c "), "white space"),
        (switch("technique", "T1O59"), "the id of an ATT&CK or ATLAS technique"),
        (switch("tenant", "another"), "the tenant of your token"),
    ],
    ids=["only white space", "mistyped technique", "another tenant"],
)
async def test_switch_that_would_stop_nothing_is_refused(
    api: Api, tenant: str, wanted: dict[str, str], expected: str
) -> None:
    answer = await (await api.signed_in("admin", tenant=tenant)).post(PATH, json=wanted)
    assert answer.status_code == 422
    assert expected in answer.text


@pytest.mark.parametrize("role", ["analyst", "senior_analyst", "audit_reader"])
async def test_only_an_admin_changes_a_switch(api: Api, tenant: str, role: str) -> None:
    person = await api.signed_in(role, tenant=tenant)
    for path in (PATH, f"{PATH}/deactivate"):
        assert (await person.post(path, json=switch("tenant", tenant))).status_code == 403
