from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest

from shared.audit.event import audit_event
from shared.audit.uuid7 import uuid7
from tests.unit.incidents.alerts import alert as told
from tests.unit.incidents.everyday import host

if TYPE_CHECKING:
    from tests.integration.api.conftest import Api


@pytest.fixture
def tenant() -> str:
    return f"tenant-{uuid4()}"


def event(tenant: str, event_type: str = "alert.classified", **changes: object) -> bytes:
    fields = {"tenant_id": tenant, "event_type": event_type, "actor_id": "agent", "source_service": "test"}
    return audit_event(**{**fields, **changes}).to_json()  # type: ignore[arg-type]


async def test_events_are_paged_by_cursor(api: Api, tenant: str) -> None:
    await api.services.audit.append_messages([event(tenant) for _ in range(4)])
    async with await api.signed_in("audit_reader", tenant=tenant) as client:
        first = (await client.get("/v1/audit/events", params={"limit": 3})).json()
        rest = (await client.get("/v1/audit/events", params={"limit": 3, "cursor": first["next_cursor"]})).json()
    assert [item["sequence_number"] for item in first["items"] + rest["items"]] == [4, 3, 2, 1, 0]
    assert rest["next_cursor"] is None


async def test_events_are_filtered_by_time_type_and_investigation(api: Api, tenant: str) -> None:
    await api.services.audit.append_messages(
        [event(tenant, investigation_id="inv-1"), event(tenant, "approval.granted", investigation_id="inv-1")]
    )
    async with await api.signed_in("audit_reader", tenant=tenant) as client:

        async def found(**query: str) -> list[int]:
            answer = await client.get("/v1/audit/events", params=query)
            return [item["sequence_number"] for item in answer.json()["items"]]

        assert await found(investigation_id="inv-1") == [2, 1]
        assert await found(event_type="approval.granted") == [2]
        assert await found(until="2020-01-01T00:00:00Z") == []
        assert await found(since="2020-01-01T00:00:00Z") == [2, 1, 0]


async def test_one_record_is_read_by_its_id_in_its_tenant_only(api: Api, tenant: str) -> None:
    audit_id = str(uuid7())
    await api.services.audit.append_messages([event(tenant, audit_id=audit_id)])
    async with await api.signed_in("audit_reader", tenant=tenant) as client:
        assert (await client.get(f"/v1/audit/events/{audit_id}")).json()["sequence_number"] == 1
    async with await api.signed_in("admin", tenant="someone-else") as client:
        assert (await client.get(f"/v1/audit/events/{audit_id}")).status_code == 404


async def test_verify_reports_the_chain(api: Api, tenant: str) -> None:
    await api.services.audit.append_messages([event(tenant) for _ in range(3)])
    async with await api.signed_in("audit_reader", tenant=tenant) as client:
        whole = (await client.post("/v1/audit/verify", json={})).json()
        part = (await client.post("/v1/audit/verify", json={"tenant": tenant, "from": 1, "to": 2})).json()
        beyond = await client.post("/v1/audit/verify", json={"from": 99})
    assert (whole["chain_valid"], whole["records_checked"]) == (True, 4)
    assert (part["chain_valid"], part["records_checked"]) == (True, 2)
    assert beyond.status_code == 422


@pytest.mark.parametrize("stretch", [{"to": False}, {"from": "1"}, {"from": 1.5}, {"to": -1}])
async def test_stretch_that_is_not_two_numbers_is_refused(api: Api, tenant: str, stretch: dict[str, object]) -> None:
    async with await api.signed_in("audit_reader", tenant=tenant) as client:
        assert (await client.post("/v1/audit/verify", json=stretch)).status_code == 422


async def test_evidence_package_is_complete_and_its_hash_can_be_checked(api: Api, owner_url: str, tenant: str) -> None:
    name = f"inv-{tenant}"
    graph = {
        "classification": "true_positive",
        "confidence": 0.9,
        "severity": "high",
        "techniques": ["T1003", "T-invented"],
        "atlas_techniques": [{"technique_id": "T1003"}],
        "decision_chain": [{"reasoning": "LSASS was read"}],
        "ioc_matches": [{"value": "203.0.113.9"}],
        "recommended_actions": [{"action": "isolate_host", "target": "ws-014"}],
    }
    alert = {"alert_id": "alert-1", "raw_payload": {"SystemAlertId": "x"}}
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute(
            "INSERT INTO investigation_state (investigation_id, tenant_id, alert_id, source, alert_title, severity,"
            " state, graph_state, alert) VALUES (%s, %s, 'alert-1', 'sentinel', 't', 'high', 'closed', %s, %s)",
            (name, tenant, json.dumps(graph), json.dumps(alert)),
        )
        owner.execute(
            "INSERT INTO executed_actions (action_id, investigation_id, tenant_id, action, target, status, detail,"
            " approved_by) VALUES (%s, %s, %s, 'isolate_host', 'ws-014', 'dry_run', 'd', 'casey')",
            (f"action-{tenant}", name, tenant),
        )
    await api.services.audit.append_messages(
        [
            event(tenant, "routing.tier_selected", investigation_id=name, context={"model_id": "claude"}),
            event(tenant),
            event(tenant, "technique.quarantined", investigation_id=name, context={"technique_id": "T9999"}),
        ]
    )
    linked = await api.services.incidents.link(told("alert-1", host("ws-014"), tenant=tenant), name)
    async with await api.signed_in("audit_reader", tenant=tenant) as client:
        package = (await client.get(f"/v1/audit/evidence-package/{name}")).json()
    assert [item["sequence_number"] for item in package["events"]] == [1, 3]
    assert package["raw_alert_payload"] == {"SystemAlertId": "x"}
    assert package["llm_interactions"][0]["model_id"] == "claude"
    assert (package["techniques_mapped"], package["techniques_quarantined"]) == (["T1003"], ["T9999"])
    assert package["actions_executed"][0]["approved_by"] == "casey"
    assert package["incident"]["incident_id"] == linked
    assert [member["investigation_id"] for member in package["incident"]["members"]] == [name]
    assert package["reasoning_chain"] == ["LSASS was read"]
    assert (package["chain_verified"], package["chain_verification_errors"]) == (True, [])

    stated = package.pop("package_hash")
    text = json.dumps(package, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(text.encode()).hexdigest() == stated
    assert [event.event_type for event in await api.audited()].count("audit.exported") == 1
