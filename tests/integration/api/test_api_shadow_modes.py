from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest

from shared.access.shadow_mode import shadow_covering
from shared.stores.postgres import Postgres

if TYPE_CHECKING:
    from tests.integration.api.conftest import Api

PATH = "/v1/shadow-modes"
REASON = {"reason": "two weeks of comparing"}


@pytest.fixture
def tenant() -> str:
    return f"tenant-{uuid4()}"


async def covering(store: Postgres, tenant: str, rule: str) -> str:
    [found] = await store.read(tenant, shadow_covering(tenant, rule))
    return str(found)


async def test_shadow_mode_covers_a_rule_or_the_tenant_until_it_goes_live(
    api: Api, store: Postgres, tenant: str
) -> None:
    admin = await api.signed_in("admin", tenant=tenant)
    assert (await admin.post(PATH, json={"rule": "Port scan", **REASON})).status_code == 204
    assert await covering(store, tenant, "PORT SCAN") == "rule Port scan"
    assert await covering(store, tenant, "Another") == ""
    assert await covering(store, f"{tenant}-other", "Port scan") == ""
    assert (await admin.post(PATH, json=REASON)).status_code == 204
    assert await covering(store, tenant, "Another") == "the tenant"
    assert [(one["rule"], one["set_by"]) for one in (await admin.get(PATH)).json()["items"]] == [
        ("", "casey"),
        ("Port scan", "casey"),
    ]
    assert (await admin.post(f"{PATH}/go-live", json=REASON)).status_code == 204
    assert await covering(store, tenant, "Another") == ""
    assert (await admin.post(f"{PATH}/go-live", json=REASON)).status_code == 404


async def test_each_change_is_audited_once_and_going_live_as_the_sign_off(api: Api, tenant: str) -> None:
    admin = await api.signed_in("admin", tenant=tenant)
    for _ in range(2):
        await admin.post(PATH, json={"rule": "Port scan", **REASON})
    await admin.post(f"{PATH}/go-live", json={"rule": "port scan", "reason": "97 % agreement"})
    mine = [event for event in await api.audited() if event.tenant_id == tenant]
    assert [(event.event_type, event.context["change"], event.context["reason"]) for event in mine] == [
        ("config.changed", "entered", "two weeks of comparing"),
        ("shadow.go_live_approved", "left", "97 % agreement"),
    ]


@pytest.mark.parametrize("role", ["analyst", "senior_analyst", "audit_reader"])
async def test_only_an_admin_changes_shadow_mode(api: Api, tenant: str, role: str) -> None:
    person = await api.signed_in(role, tenant=tenant)
    for path in (PATH, f"{PATH}/go-live"):
        assert (await person.post(path, json=REASON)).status_code == 403


def judged(owner: psycopg.Connection, tenant: str, title: str, verdict: str, said: str) -> None:
    facts = {"shadow": "the tenant"} | ({"disposition": said} if said else {})
    owner.execute(
        "INSERT INTO investigation_state (investigation_id, tenant_id, alert_id, source, alert_title, severity, state,"
        " graph_state, alert) VALUES (%s, %s, %s, 's', %s, 'low', 'closed', %s, '{}')",
        (str(uuid4()), tenant, str(uuid4()), title, json.dumps({"classification": verdict, "case_facts": facts})),
    )


async def test_agreement_counts_what_was_compared_and_says_when_nothing_was(
    api: Api, owner_url: str, tenant: str
) -> None:
    admin = await api.signed_in("analyst", tenant=tenant)
    (nothing,) = (await admin.get(f"{PATH}/agreement")).json()["items"]
    assert (nothing["agreed"], nothing["share"]) == (0, None)
    with psycopg.connect(owner_url, autocommit=True) as owner:
        judged(owner, tenant, "Port scan", "false_positive", "false_positive")
        judged(owner, tenant, "Port scan", "true_positive", "false_positive")
        judged(owner, tenant, "Port scan", "true_positive", "")
        judged(owner, tenant, "Mail", "requires_investigation", "true_positive")
        judged(owner, f"{tenant}-other", "Mail", "true_positive", "true_positive")
    items = (await admin.get(f"{PATH}/agreement")).json()["items"]
    assert [tuple(one.values()) for one in items] == [
        ("", 1, 1, 1, 1, 0.5),
        ("Port scan", 1, 1, 0, 1, 0.5),
        ("Mail", 0, 0, 1, 0, None),
    ]
    later = {"since": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}
    (nothing,) = (await admin.get(f"{PATH}/agreement", params=later)).json()["items"]
    assert nothing["share"] is None
