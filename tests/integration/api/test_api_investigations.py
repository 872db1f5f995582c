from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest

from shared.contracts.action import Action, ActionName, actions_hash
from shared.contracts.investigation import GraphState
from shared.investigation.case_file import CaseFiles
from shared.stores.postgres import Postgres

if TYPE_CHECKING:
    from tests.integration.api.conftest import Api

ACTIONS = [Action(action=ActionName.ISOLATE_HOST, target="ws-014")]
START = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def tenant() -> str:
    return f"tenant-{uuid4()}"


@pytest.fixture
def owner(owner_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(owner_url, autocommit=True) as connection:
        yield connection


def investigation(
    owner: psycopg.Connection, tenant: str, number: int = 0, *, state: str = "closed", severity: str = "high"
) -> str:
    """Store one investigation with one transition; returns its id."""
    name = f"inv-{number}-{tenant}"
    graph = GraphState(
        investigation_id=name, tenant_id=tenant, classification="true_positive", confidence=0.9, state=state, version=1
    )
    alert = {"alert_id": f"alert-{number}", "title": "Credential dumping", "raw_payload": {"SystemAlertId": "x"}}
    owner.execute(
        "INSERT INTO investigation_state (investigation_id, tenant_id, alert_id, source, alert_title, severity, state,"
        " graph_state, alert, confidence, version, created_at) VALUES (%s, %s, %s, 'sentinel', 'Credential dumping',"
        " %s, %s, %s, %s, 0.9, 1, %s)",
        (
            name,
            tenant,
            f"alert-{number}",
            severity,
            state,
            graph.model_dump_json(),
            json.dumps(alert),
            START + timedelta(hours=number),
        ),
    )
    owner.execute(
        "INSERT INTO investigation_transitions (investigation_id, tenant_id, step, version, state_before, state_after,"
        " agent, reasoning) VALUES (%s, %s, 'reason', 1, 'enriching', 'reasoning', 'reasoning_agent', 'because')",
        (name, tenant),
    )
    return name


def approval(owner: psycopg.Connection, tenant: str, investigation_id: str, *, minutes: int = 60) -> str:
    name = f"approval-{uuid4()}"
    owner.execute(
        "INSERT INTO action_approvals (approval_id, investigation_id, tenant_id, actions, actions_hash, reason,"
        " requested_at, expires_at) VALUES (%s, %s, %s, %s, %s, 'destructive', now() - interval '1 day',"
        " now() + make_interval(mins => %s))",
        (
            name,
            investigation_id,
            tenant,
            json.dumps([item.model_dump(mode="json") for item in ACTIONS]),
            actions_hash(ACTIONS),
            minutes,
        ),
    )
    return name


async def test_list_filters_by_state_and_severity(api: Api, owner: psycopg.Connection, tenant: str) -> None:
    wanted = investigation(owner, tenant, 1, state="awaiting_human", severity="critical")
    investigation(owner, tenant, 2, state="awaiting_human", severity="low")
    investigation(owner, tenant, 3, state="closed", severity="critical")
    async with await api.signed_in("analyst", tenant=tenant) as client:
        answer = await client.get("/v1/investigations", params={"state": "awaiting_human", "severity": "critical"})
    assert [item["investigation_id"] for item in answer.json()["items"]] == [wanted]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"state": "asleep"}, "state"),
        ({"limit": 5000}, "limit"),
        ({"sttae": "closed"}, "sttae"),
    ],
)
async def test_wrong_query_is_refused_by_the_field(api: Api, tenant: str, query: dict[str, str], field: str) -> None:
    async with await api.signed_in("analyst", tenant=tenant) as client:
        answer = await client.get("/v1/investigations", params=query)
    assert answer.status_code == 422
    assert field in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("state", "waits_for"),
    [
        ("reasoning", "model"),
        ("enriching", "logs"),
        ("awaiting_human", "person"),
        ("responding", "action"),
        ("closed", None),
    ],
)
async def test_case_says_what_it_waits_for_and_since_when(
    api: Api, owner: psycopg.Connection, tenant: str, state: str, waits_for: str | None
) -> None:
    name = investigation(owner, tenant, state=state)
    async with await api.signed_in("analyst", tenant=tenant) as client:
        case = (await client.get(f"/v1/investigations/{name}")).json()
        (line,) = (await client.get("/v1/investigations")).json()["items"]
    since = case["transitions"][-1]["happened_at"]
    assert (case["waits_for"], case["waits_since"]) == (waits_for, since if waits_for else None)
    assert (line["waits_for"], line["state_since"]) == (waits_for, since)


async def test_closed_case_waits_for_its_oldest_action_that_is_not_done(
    api: Api, owner: psycopg.Connection, tenant: str
) -> None:
    name = investigation(owner, tenant)
    for number, status in enumerate(("verified", "running", "needs_person")):
        owner.execute(
            "INSERT INTO executed_actions (action_id, investigation_id, tenant_id, action, target, status, detail,"
            " approved_by, executed_at)"
            " VALUES (%s, %s, %s, 'isolate_host', %s, %s, 'd', 'casey', now() + %s * interval '1 s')",
            (f"{name}:{number}", name, tenant, f"ws-{number}", status, number),
        )
    async with await api.signed_in("analyst", tenant=tenant) as client:
        case = (await client.get(f"/v1/investigations/{name}")).json()
    assert (case["waits_for"], case["waits_since"]) == ("action", case["actions"][1]["executed_at"])


async def test_detail_shows_later_messages_about_the_alert(api: Api, owner: psycopg.Connection, tenant: str) -> None:
    name = investigation(owner, tenant)
    said = json.dumps({"timestamp": "2026-11-20T08:04:00Z", "severity": "high"})
    owner.execute("INSERT INTO alert_updates VALUES (%s, %s, 'digest', '{severity}', %s)", (name, tenant, said))
    async with await api.signed_in("analyst", tenant=tenant) as client:
        (update,) = (await client.get(f"/v1/investigations/{name}")).json()["alert_updates"]
    assert (update["changed"], update["timestamp"], update["severity"]) == (
        ["severity"],
        "2026-11-20T08:04:00Z",
        "high",
    )


async def test_detail_shows_state_transitions_and_approvals(api: Api, owner: psycopg.Connection, tenant: str) -> None:
    name = investigation(owner, tenant, state="awaiting_human")
    waiting = approval(owner, tenant, name)
    async with await api.signed_in("analyst", tenant=tenant) as client:
        found = (await client.get(f"/v1/investigations/{name}")).json()
    assert (found["state"], found["graph_state"]["classification"]) == ("awaiting_human", "true_positive")
    assert [item["step"] for item in found["transitions"]] == ["reason"]
    assert [item["approval_id"] for item in found["approvals"]] == [waiting]
    assert "raw_payload" not in found["alert"]


async def test_investigation_of_another_tenant_is_not_there(api: Api, owner: psycopg.Connection, tenant: str) -> None:
    name = investigation(owner, tenant)
    async with await api.signed_in("admin", tenant="someone-else") as client:
        answers = [
            await client.get(f"/v1/investigations/{name}"),
            await client.get(f"/v1/audit/evidence-package/{name}"),
        ]
        listed = (await client.get("/v1/investigations")).json()["items"]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert name not in [item["investigation_id"] for item in listed]


async def test_id_with_a_nul_is_refused(api: Api, tenant: str) -> None:
    async with await api.signed_in("analyst", tenant=tenant) as client:
        assert (await client.get("/v1/investigations/%00")).status_code == 422


async def test_waiting_approvals_leave_out_the_expired(api: Api, owner: psycopg.Connection, tenant: str) -> None:
    name = investigation(owner, tenant, state="awaiting_human")
    waiting = approval(owner, tenant, name)
    approval(owner, tenant, name, minutes=-1)
    async with await api.signed_in("analyst", tenant=tenant) as client:
        listed = (await client.get("/v1/approvals")).json()["items"]
    assert [item["approval_id"] for item in listed] == [waiting]
    assert listed[0]["actions"][0]["target"] == "ws-014"


async def test_grant_by_a_senior_analyst_is_stored_audited_and_wakes(
    api: Api, owner: psycopg.Connection, store: Postgres, tenant: str
) -> None:
    name = investigation(owner, tenant, state="awaiting_human")
    waiting = approval(owner, tenant, name)
    body = {"approved": True, "actions_hash": actions_hash(ACTIONS), "comment": "agreed"}
    async with await api.signed_in("senior_analyst", tenant=tenant) as client:
        answer = await client.post(f"/v1/approvals/{waiting}", json=body)
        second = await client.post(f"/v1/approvals/{waiting}", json=body | {"approved": False})
    assert (answer.status_code, answer.json()["status"], answer.json()["decided_by"]) == (200, "granted", "casey")
    assert second.status_code == 409
    assert "already granted" in second.json()["error"]["message"]
    assert api.woken == [name]
    assert [event.event_type for event in await api.audited()] == ["approval.granted", "access.denied"]


@pytest.mark.parametrize(
    ("minutes", "given_hash", "reason"), [(60, "f" * 64, "other actions"), (-1, actions_hash(ACTIONS), "expired")]
)
async def test_grant_for_other_actions_or_too_late_changes_nothing(
    api: Api, owner: psycopg.Connection, tenant: str, minutes: int, given_hash: str, reason: str
) -> None:
    waiting = approval(owner, tenant, investigation(owner, tenant, state="awaiting_human"), minutes=minutes)
    async with await api.signed_in("admin", tenant=tenant) as client:
        answer = await client.post(f"/v1/approvals/{waiting}", json={"approved": True, "actions_hash": given_hash})
    row = owner.execute("SELECT status FROM action_approvals WHERE approval_id = %s", (waiting,)).fetchone()
    assert answer.status_code == 409
    assert reason in answer.json()["error"]["message"]
    assert row == ("pending",)


@pytest.mark.parametrize(
    ("role", "of_tenant", "status"), [("analyst", "", 403), ("audit_reader", "", 403), ("admin", "-other", 404)]
)
async def test_grant_by_who_may_not_changes_nothing(
    api: Api, owner: psycopg.Connection, tenant: str, role: str, of_tenant: str, status: int
) -> None:
    waiting = approval(owner, tenant, investigation(owner, tenant, state="awaiting_human"))
    body = {"approved": True, "actions_hash": actions_hash(ACTIONS)}
    async with await api.signed_in(role, tenant=tenant + of_tenant) as client:
        answer = await client.post(f"/v1/approvals/{waiting}", json=body)
    row = owner.execute("SELECT status FROM action_approvals WHERE approval_id = %s", (waiting,)).fetchone()
    assert (answer.status_code, row) == (status, ("pending",))


@pytest.mark.parametrize("word", ["yes", "true", 1, None])
async def test_answer_that_is_neither_true_nor_false_decides_nothing(
    api: Api, owner: psycopg.Connection, tenant: str, word: object
) -> None:
    waiting = approval(owner, tenant, investigation(owner, tenant, state="awaiting_human"))
    body = {"approved": word, "actions_hash": actions_hash(ACTIONS)}
    async with await api.signed_in("admin", tenant=tenant) as client:
        answer = await client.post(f"/v1/approvals/{waiting}", json=body)
    row = owner.execute("SELECT status FROM action_approvals WHERE approval_id = %s", (waiting,)).fetchone()
    assert (answer.status_code, row) == (422, ("pending",))


async def test_lost_database_answers_503_with_retry_after(api: Api, tenant: str) -> None:
    nowhere = Postgres("postgresql://nobody:hunter2@127.0.0.1:1/none", wait_seconds=0.3)
    api.services = replace(api.services, cases=CaseFiles(nowhere))
    async with await api.signed_in("analyst", tenant=tenant) as client:
        answer = await client.get("/v1/investigations")
    await nowhere.close()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "127.0.0.1" not in answer.text
