from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from shared.ctem.finding import Finding, Tool
from shared.ctem.scans import Scan, Scans
from shared.ctem.scoring import scored
from shared.ctem.severity import Exploitability
from shared.stores.postgres import Postgres
from tests.integration.api.test_api_investigations import investigation

if TYPE_CHECKING:
    from tests.integration.api.conftest import Api

PATH = "/v1/exposures"
AT = datetime(2026, 11, 28, 5, tzinfo=UTC)


@pytest.fixture
def tenant() -> str:
    return f"tenant-{uuid4()}"


@pytest.fixture
async def keys(api: Api, store: Postgres, tenant: str) -> list[str]:
    """Five exposures' keys, the worst first."""
    found = [
        Finding(
            tool=Tool.WIZ if number % 2 else Tool.BURP,
            title=f"Finding {number}",
            asset_id=f"vm-{number}",
            zone="Zone1_EdgeInference",
            level=Exploitability.HIGH,
            score=0.9 - number / 10,
        )
        for number in range(5)
    ]
    made = [scored(one, tenant_id=tenant, at=AT) for one in found]
    await Scans(store, api.outbox).record(Scan(tenant_id=tenant, tool=Tool.WIZ, at=AT), made)
    return [one.exposure.exposure_key for one in made]


def until(**ahead: float) -> str:
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat()


async def listed(api: Api, tenant: str, **query: Any) -> list[str]:
    analyst, found, cursor = await api.signed_in("analyst", tenant=tenant), list[str](), None
    while True:
        page = (await analyst.get(PATH, params=query | ({"cursor": cursor} if cursor else {}))).json()
        found += [one["exposure"]["exposure_key"] for one in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
async def test_pages_in_either_order_show_every_exposure_once(
    api: Api, tenant: str, keys: list[str], limit: int
) -> None:
    assert await listed(api, tenant, limit=limit) == keys
    assert await listed(api, tenant, limit=limit, sort="ctem_score") == keys[::-1]
    assert await listed(api, f"{tenant}-other") == []


async def test_filters_leave_what_fits(api: Api, tenant: str, keys: list[str]) -> None:
    assert await listed(api, tenant, source_tool="wiz") == [keys[1], keys[3]]
    assert await listed(api, tenant, severity="LOW") == []
    assert await listed(api, tenant, status="Open", severity="CRITICAL") == keys


async def test_acceptance_by_a_senior_is_kept_and_audited(api: Api, tenant: str, keys: list[str]) -> None:
    senior = await api.signed_in("senior_analyst", tenant=tenant)
    wish = {"until": until(days=30), "reason": "the machine is replaced in December"}
    answer = await senior.post(f"{PATH}/{keys[0]}/accept", json=wish)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["accepted_by"], answer.json()["accepted_reason"]) == ("casey", wish["reason"])
    (event,) = [
        one for one in await api.audited() if one.tenant_id == tenant and one.event_type == "ctem.risk_accepted"
    ]
    assert (event.actor_id, event.context["exposure_key"], event.context["reason"]) == (
        "casey",
        keys[0],
        wish["reason"],
    )


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"until": until(days=-1), "reason": "too late"}, 422),
        ({"until": until(days=366), "reason": "for ever"}, 422),
        ({"until": until(days=1), "reason": ""}, 422),
        ({"reason": "without an end"}, 422),
    ],
)
async def test_acceptance_without_a_reason_or_an_end_is_refused(
    api: Api, tenant: str, keys: list[str], wish: dict[str, str], status: int
) -> None:
    senior = await api.signed_in("senior_analyst", tenant=tenant)
    assert (await senior.post(f"{PATH}/{keys[0]}/accept", json=wish)).status_code == status


async def test_owner_is_named_and_the_exposure_in_progress(api: Api, tenant: str, keys: list[str]) -> None:
    senior = await api.signed_in("senior_analyst", tenant=tenant)
    answer = await senior.post(f"{PATH}/{keys[0]}/assign", json={"owner": "ot-team"})
    exposure = answer.json()["exposure"]
    assert (exposure["assigned_to"], exposure["status"]) == ("ot-team", "InProgress")


async def test_exposure_that_is_not_there_is_not_found(api: Api, tenant: str, keys: list[str]) -> None:
    senior = await api.signed_in("senior_analyst", tenant=f"{tenant}-other")
    wish = {"until": until(days=1), "reason": "of another tenant"}
    assert (await senior.get(f"{PATH}/{keys[0]}")).status_code == 404
    assert (await senior.post(f"{PATH}/{keys[0]}/accept", json=wish)).status_code == 404


@pytest.mark.parametrize("role", ["analyst", "audit_reader"])
async def test_only_seniors_decide(api: Api, tenant: str, keys: list[str], role: str) -> None:
    person = await api.signed_in(role, tenant=tenant)
    wish = {"until": until(days=1), "reason": "I may not"}
    assert (await person.post(f"{PATH}/{keys[0]}/accept", json=wish)).status_code == 403
    assert (await person.post(f"{PATH}/{keys[0]}/assign", json={"owner": "me"})).status_code == 403


@pytest.mark.parametrize(("state", "shown"), [("awaiting_human", ["Finding 1"]), ("closed", [])])
async def test_open_case_shows_what_scanners_found_since_on_its_assets(
    api: Api, owner_url: str, tenant: str, keys: list[str], state: str, shown: list[str]
) -> None:
    hosts = [{"entity_type": "host", "primary_value": "VM-1"}, {"entity_type": "host", "primary_value": "vm-0"}]
    with psycopg.connect(owner_url, autocommit=True) as owner:
        case = investigation(owner, tenant, state=state)
        known = {"entities": {"hosts": hosts}, "ctem_exposures": [{"exposure_key": keys[0]}]}
        owner.execute(
            "UPDATE investigation_state SET graph_state = graph_state || %s WHERE investigation_id = %s",
            (Jsonb(known), case),
        )
    analyst = await api.signed_in("analyst", tenant=tenant)
    found = (await analyst.get(f"/v1/investigations/{case}")).json()["exposures_since"]
    assert [one["title"] for one in found] == shown
    assert all("on the alert's host vm-1" in one["reason"] for one in found)
