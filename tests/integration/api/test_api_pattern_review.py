"""Patterns over HTTP: who may review, what revoking reopens, and what people see of batches."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest

from shared.batch import queue
from shared.batch.queue import Kind
from shared.batch.task_types import batch_task
from shared.contracts.batch import FPPattern
from shared.contracts.investigation import CaseFacts, GraphState, PatternMatch
from shared.knowledge.fp_patterns import FPPatterns
from shared.stores.postgres import Postgres

if TYPE_CHECKING:
    from tests.integration.api.conftest import Api

PATH = "/v1/pattern-drafts"
WHY = {"reason": "it hid an attack"}


@pytest.fixture
def tenant() -> str:
    return f"tenant-{uuid4()}"


async def draft(store: Postgres, tenant: str) -> str:
    now = datetime.now(UTC).isoformat()
    pattern = FPPattern.model_validate(
        {
            "pattern_id": f"fp-{uuid4()}",
            "alert_name": "Port scan",
            "entity_patterns": [{"type": "host", "value_regex": "scanner-1"}],
            "confidence": 0.95,
            "status": "pending_review",
            "scope_tenant_id": tenant,
            "created_at": now,
            "updated_at": now,
        }
    )
    await FPPatterns(store).store(pattern)
    return pattern.pattern_id


def closed_case(owner_url: str, tenant: str, pattern_id: str, *, hours_ago: int = 1) -> str:
    """A case that the pattern closed."""
    name = f"i-{uuid4()}"
    match = PatternMatch(pattern_id=pattern_id, confidence=0.95, reason="scanner")
    state = GraphState(
        investigation_id=name,
        tenant_id=tenant,
        alert_id=name,
        alert_title="Port scan",
        state="closed",
        outcome="auto_closed",
        classification="false_positive",
        case_facts=CaseFacts(fp_match=match),
        entities={"hosts": [{"entity_type": "host", "primary_value": "scanner-1"}]},
        version=1,
    )
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute(
            "INSERT INTO investigation_state (investigation_id, tenant_id, alert_id, source, alert_title, severity,"
            " state, graph_state, alert, version, created_at) VALUES (%s, %s, %s, 's', 'Port scan', 'low', 'closed',"
            " %s, '{}', 1, now() - make_interval(hours => %s))",
            (name, tenant, name, state.model_dump_json(), hours_ago),
        )
    return name


async def test_two_seniors_bring_a_draft_into_force_and_revoking_reopens_what_it_closed_since_yesterday(
    api: Api, store: Postgres, owner_url: str, tenant: str
) -> None:
    pattern_id = await draft(store, tenant)
    ann = await api.signed_in("senior_analyst", tenant=tenant, subject="ann")
    bob = await api.signed_in("senior_analyst", tenant=tenant, subject="bob")
    assert [one["pattern_id"] for one in (await ann.get(PATH)).json()["items"]] == [pattern_id]
    assert (await ann.post(f"{PATH}/{pattern_id}/approve")).json()["status"] == "pending_review"
    assert (await ann.post(f"{PATH}/{pattern_id}/approve")).status_code == 409
    assert (await bob.post(f"{PATH}/{pattern_id}/approve")).json()["status"] == "active"
    fresh, old = closed_case(owner_url, tenant, pattern_id), closed_case(owner_url, tenant, pattern_id, hours_ago=25)
    other = closed_case(owner_url, tenant, "fp-another")
    revoked = (await ann.post(f"{PATH}/{pattern_id}/revoke", json=WHY)).json()
    assert (revoked["pattern"]["status"], revoked["reopened"]) == ("revoked", [fresh])
    states = {}
    for name in (fresh, old, other):
        states[name] = (await ann.get(f"/v1/investigations/{name}")).json()["state"]
    assert states == {fresh: "awaiting_human", old: "closed", other: "closed"}
    assert (await ann.post(f"{PATH}/{pattern_id}/revoke", json=WHY)).json()["reopened"] == []


async def test_backtest_counts_the_tenants_own_history(api: Api, store: Postgres, owner_url: str, tenant: str) -> None:
    pattern_id = await draft(store, tenant)
    for number in range(21):
        closed_case(owner_url, tenant if number else f"{tenant}-other", "fp-x")
    analyst = await api.signed_in("analyst", tenant=tenant)
    found = (await analyst.get(f"{PATH}/{pattern_id}/backtest")).json()
    assert (found["alerts"], found["matched"], found["unjudged"]) == (20, 20, 20)
    assert "20 of 20 alerts" in found["blocked"]
    senior = await api.signed_in("senior_analyst", tenant=tenant)
    assert (await senior.post(f"{PATH}/{pattern_id}/approve")).status_code == 409


@pytest.mark.parametrize("what", ["approve", "reject", "revoke"])
async def test_analyst_and_other_tenant_change_nothing(api: Api, store: Postgres, tenant: str, what: str) -> None:
    pattern_id = await draft(store, tenant)
    analyst = await api.signed_in("analyst", tenant=tenant)
    assert (await analyst.post(f"{PATH}/{pattern_id}/{what}", json=WHY)).status_code == 403
    stranger = await api.signed_in("admin", tenant=f"{tenant}-other")
    assert (await stranger.post(f"{PATH}/{pattern_id}/{what}", json=WHY)).status_code == 404


async def test_queues_batches_and_results_are_the_tenants_own(
    api: Api, store: Postgres, owner_url: str, tenant: str
) -> None:
    kind = Kind(tenant, "retrospective_analysis")
    tasks = [batch_task(tenant, kind.task_type, user_content=str(number), metadata={}) for number in range(3)]
    job = uuid4()
    async with store.transaction(tenant) as connection:
        await queue.put(connection, kind, tasks)
    analyst = await api.signed_in("analyst", tenant=tenant)
    found = (await analyst.get("/v1/batches")).json()
    assert [(one["task_type"], one["waiting"]) for one in found["queues"]] == [("retrospective_analysis", 3)]
    async with store.transaction(tenant) as connection:
        waiting = await queue.oldest(connection, kind)
        assert await queue.take(connection, kind, job, {one.task_id: "h" for one in waiting}, [])
        await queue.finish(connection, kind, job, {waiting[0].task_id: {"summary": "s"}})
    page = (await analyst.get(f"/v1/batches/{job}/results", params={"limit": 2})).json()
    rest = (await analyst.get(f"/v1/batches/{job}/results", params={"cursor": page["next_cursor"]})).json()
    items = [*page["items"], *rest["items"]]
    assert sorted(one["status"] for one in items) == ["submitted", "submitted", "succeeded"]
    stranger = await api.signed_in("analyst", tenant=f"{tenant}-other")
    assert (await stranger.get("/v1/batches")).json() == {"queues": [], "jobs": []}
    assert (await stranger.get(f"/v1/batches/{job}/results")).status_code == 404
