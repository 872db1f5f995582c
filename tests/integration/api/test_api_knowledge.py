"""What the SOC knows: who may load and retire it, that two people stand behind a pattern, and that all is audited."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from shared.contracts.batch import PlaybookDraft
from shared.contracts.entity import AlertEntities
from shared.knowledge.fp_patterns import FPPatterns
from shared.response.playbooks import Playbook
from shared.stores.postgres import Postgres
from tests.integration.api.conftest import OPERATOR_TENANT
from tests.integration.api.test_api_investigations import tenant
from tests.integration.investigation.conftest import host

if TYPE_CHECKING:
    from tests.integration.api.conftest import Api

__all__ = ["tenant"]


def pattern(name: str, **fields: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "pattern_id": name,
        "alert_name": "Port scan",
        "entity_patterns": [{"type": "host", "value_regex": "scan-01"}],
        "confidence": 0.95,
        "status": "active",
        "approved_by_1": "somebody",
        "approved_by_2": "somebody-else",
        "expiry_date": (now + timedelta(days=30)).isoformat(),
        "scope_tenant_id": "whoever",
        "created_at": now.isoformat(),
        "updated_at": now.isoformat(),
        **fields,
    }


def playbook(name: str, **fields: Any) -> dict[str, Any]:
    return {"playbook_id": name, "title": "Note", "tactics": ["discovery"], "actions": ["add_comment"], **fields}


async def test_pattern_is_in_force_only_when_a_second_person_loads_the_same_and_no_more_once_revoked(
    api: Api, store: Postgres, tenant: str
) -> None:
    name, known = f"fp-{uuid4()}", FPPatterns(store)
    body, entities = pattern(name), AlertEntities.model_validate(host("scan-01"))

    async def matches() -> bool:
        (found,) = await store.read(tenant, known.matching(tenant, alert_name="Port scan", entities=entities))
        return found is not None

    async with await api.signed_in("senior_analyst", tenant=tenant, subject="first") as first:
        loaded = (await first.post("/v1/patterns", json=body)).json()
        again = await first.post("/v1/patterns", json=body)
    assert (loaded["status"], loaded["approved_by_1"], loaded["approved_by_2"]) == ("pending_review", "first", None)
    assert again.status_code == 409
    assert not await matches()
    async with await api.signed_in("senior_analyst", tenant=tenant, subject="second") as second:
        changed = (await second.post("/v1/patterns", json={**body, "confidence": 0.99})).json()
        assert (changed["status"], changed["approved_by_1"]) == ("pending_review", "second")
    async with await api.signed_in("senior_analyst", tenant=tenant, subject="first") as first:
        active = (await first.post("/v1/patterns", json={**body, "confidence": 0.99})).json()
        assert (active["status"], active["approved_by_1"], active["approved_by_2"]) == ("active", "second", "first")
        assert await matches()
        revoked = await first.post(f"/v1/pattern-drafts/{name}/revoke", json={"reason": "the scanner is gone"})
        listed = (await first.get("/v1/patterns")).json()["items"]
    assert revoked.json()["pattern"]["status"] == "revoked"
    assert [one["status"] for one in listed] == ["revoked"]
    assert not await matches()
    kinds = [event.event_type for event in await api.audited() if event.context.get("pattern_id") == name]
    assert kinds == [
        *("fp_pattern.created", "fp_pattern.approved", "fp_pattern.approved", "fp_pattern.approved"),
        *("fp_pattern.activated", "fp_pattern.revoked"),
    ]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"entity_patterns": []}, "an alert's name alone"),
        ({"expiry_date": "2040-01-01T00:00:00Z"}, "a day until"),
        ({"expiry_date": None}, "a date and time"),
        ({"entity_patterns": [{"type": "host", "value_regex": "(("}]}, "RE2 can read"),
    ],
)
async def test_pattern_that_closes_too_much_or_nothing_is_refused(
    api: Api, tenant: str, fields: dict[str, Any], why: str
) -> None:
    async with await api.signed_in("senior_analyst", tenant=tenant) as client:
        answer = await client.post("/v1/patterns", json=pattern("fp-refused", **fields))
    assert answer.status_code == 422
    assert why in answer.json()["error"]["message"]


async def test_pattern_of_another_tenant_is_neither_seen_nor_replaced(api: Api, tenant: str) -> None:
    name = f"fp-{uuid4()}"
    async with await api.signed_in("senior_analyst", tenant=tenant) as client:
        await client.post("/v1/patterns", json=pattern(name))
    async with await api.signed_in("senior_analyst", tenant=f"{tenant}-other") as client:
        assert (await client.get(f"/v1/patterns/{name}")).status_code == 404
        assert (await client.post("/v1/patterns", json=pattern(name))).status_code == 409


async def test_analyst_reads_and_does_not_load(api: Api, tenant: str) -> None:
    async with await api.signed_in("analyst", tenant=tenant) as client:
        assert (await client.get("/v1/playbooks")).status_code == 200
        assert (await client.post("/v1/patterns", json=pattern("fp-1"))).status_code == 403
        assert (await client.post("/v1/playbooks", json=playbook("pb-1"))).status_code == 403


async def test_administrator_of_another_tenant_changes_nothing_that_all_share(api: Api, tenant: str) -> None:
    indicator = {"type": "ip", "value": "203.0.113.9", "confidence": 90, "severity": "high", "sources": ["t"]}
    async with await api.signed_in("admin", tenant=tenant) as client:
        answers = [
            await client.post("/v1/playbooks", json=playbook("pb-1")),
            await client.post("/v1/playbooks/pb-1/retire", json={"reason": "r"}),
            await client.post("/v1/indicators", json={"indicators": [indicator]}),
            await client.post("/v1/indicators/retire", json={"value": "203.0.113.9", "reason": "r"}),
        ]
    assert [answer.status_code for answer in answers] == [403] * 4
    assert "ALUSKORT_OPERATOR_TENANT" in answers[0].json()["error"]["message"]


async def test_playbook_is_loaded_in_the_loaders_name_listed_retired_and_audited(api: Api) -> None:
    name = f"pb-{uuid4()}"
    async with await api.signed_in("admin", tenant=OPERATOR_TENANT, subject="casey") as client:
        loaded = (await client.post("/v1/playbooks", json=playbook(name, approved_by="nobody"))).json()
        retired = await client.post(f"/v1/playbooks/{name}/retire", json={"reason": "replaced"})
        again = await client.post(f"/v1/playbooks/{name}/retire", json={"reason": "replaced"})
        shown = (await client.get(f"/v1/playbooks/{name}")).json()
    assert (loaded["review_status"], loaded["approved_by"]) == ("approved", "casey")
    assert (retired.status_code, again.status_code, shown["review_status"]) == (204, 404, "retired")
    changes = [
        event.context["change"]
        for event in await api.audited()
        if name in {event.context.get("playbook_id"), event.context.get("playbook", {}).get("playbook_id")}
    ]
    assert changes == ["load", "retire"]


async def test_indicator_is_known_until_it_is_retired(api: Api) -> None:
    value = f"{uuid4()}.example"
    indicator = {"type": "domain", "value": value, "confidence": 90, "severity": "high", "sources": ["feed"]}
    async with await api.signed_in("admin", tenant=OPERATOR_TENANT) as client:
        assert (await client.post("/v1/indicators", json={"indicators": [indicator]})).status_code == 204
        assert (await api.services.indicators.lookup([value]))[value].confidence == 90
        listed = (await client.get("/v1/indicators", params={"limit": 100})).json()["items"]
        assert value in {one["value"] for one in listed}
        gone = await client.post("/v1/indicators/retire", json={"value": value, "reason": "a mistake"})
    assert gone.status_code == 204
    assert await api.services.indicators.lookup([value]) == {}


async def drafted(api: Api, tenant_id: str) -> str:
    draft = PlaybookDraft(
        playbook_id=f"pb-{uuid4()}",
        name="Note it",
        description="d",
        techniques=["T1046"],
        remediation_steps=["add_comment"],
        confidence=0.9,
        created_at="2026-11-28T12:00:00Z",
    )
    await api.services.playbook_drafts.keep(tenant_id, draft)
    return draft.playbook_id


async def test_draft_of_a_playbook_is_compared_approved_and_said_to_everybody(api: Api) -> None:
    name = await drafted(api, OPERATOR_TENANT)
    async with await api.signed_in("admin", tenant=OPERATOR_TENANT, subject="casey") as client:
        listed = (await client.get("/v1/playbook-drafts")).json()["items"]
        compared = (await client.post(f"/v1/playbook-drafts/{name}/diff", json={})).json()["items"]
        approved = (await client.post(f"/v1/playbook-drafts/{name}/approve", json={"severities": ["low"]})).json()
        again = await client.post(f"/v1/playbook-drafts/{name}/approve", json={})
        versions = (await client.get(f"/v1/playbooks/{name}/versions")).json()["items"]
    assert name in {one["playbook_id"] for one in listed}
    assert {one["field"] for one in compared} >= {"title", "actions"}
    assert (approved["approved_by"], approved["conditions"], again.status_code) == ("casey", None, 404)
    assert [(one["version"], one["stored_by"]) for one in versions] == [(1, "casey")]
    assert [event.context["change"] for event in await api.audited() if event.context.get("draft") == name] == [
        "approve"
    ]
    said = [Playbook.from_json(one.value) for one in api.bus.on("knowledge.playbook.updated") if one.key == name]
    assert [one.severities for one in said] == [["low"]]


async def test_draft_of_a_playbook_is_rejected_by_its_tenant_and_approved_by_the_operators_only(
    api: Api, tenant: str
) -> None:
    name = await drafted(api, tenant)
    async with await api.signed_in("admin", tenant=tenant) as client:
        assert (await client.post(f"/v1/playbook-drafts/{name}/approve", json={})).status_code == 403
    async with await api.signed_in("admin", tenant=OPERATOR_TENANT) as client:
        assert (await client.post(f"/v1/playbook-drafts/{name}/approve", json={})).status_code == 404
    async with await api.signed_in("senior_analyst", tenant=tenant) as client:
        rejected = await client.post(f"/v1/playbook-drafts/{name}/reject", json={"reason": "not ours"})
        assert rejected.status_code == 204
        assert (await client.get("/v1/playbook-drafts")).json()["items"] == []
