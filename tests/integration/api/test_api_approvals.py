"""Answers of people through the API: part of the actions, dispositions, reopening; and that refusals are audited."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from shared.access.identity import Identity, Role
from shared.contracts.action import Action, ActionName, actions_hash
from shared.notifications.links import CaseLinks
from tests.integration.api.test_api_investigations import ACTIONS, approval, investigation, owner, tenant

if TYPE_CHECKING:
    from tests.integration.api.conftest import Api

__all__ = ["owner", "tenant"]  # fixtures

TICKET = Action(action=ActionName.OPEN_TICKET, target="alert-0")
EXPECTED = {"disposition": "benign_true_positive", "reason": "expected_activity"}
ESCALATE = {"disposition": "escalate", "reason": "needs_senior"}


def waiting(owner: psycopg.Connection, tenant: str, *actions: Action, protected: str = "{}") -> tuple[str, str]:
    """A case that asks about these actions, or for a disposition; its id and its approval's."""
    case = investigation(owner, tenant, state="awaiting_human")
    name = approval(owner, tenant, case)
    asked = json.dumps([action.model_dump(mode="json") for action in actions])
    owner.execute(
        "UPDATE action_approvals SET actions = %s, actions_hash = %s, protected = %s WHERE approval_id = %s",
        (asked, actions_hash(actions), protected, name),
    )
    owner.execute(
        "UPDATE investigation_state SET graph_state ="
        " jsonb_set(graph_state, '{case_facts,approval_id}', to_jsonb(%s::text)) WHERE investigation_id = %s",
        (name, case),
    )
    return case, name


async def test_part_of_the_actions_is_granted_by_position(api: Api, owner: psycopg.Connection, tenant: str) -> None:
    _, name = waiting(owner, tenant, *ACTIONS, TICKET)
    async with await api.signed_in("senior_analyst", tenant=tenant) as client:
        body = {"approved": True, "granted": [1], "actions_hash": actions_hash([TICKET])}
        found = (await client.post(f"/v1/approvals/{name}", json=body)).json()
    assert (found["status"], found["actions"][0]["action"]) == ("partly_granted", "open_ticket")
    assert found["denied_actions"][0]["target"] == "ws-014"


@pytest.mark.parametrize("granted", [["0"], [True], [0.5], [-1], [], [100], "0", [None]], ids=str)
async def test_positions_that_are_no_numbers_decide_nothing(
    api: Api, owner: psycopg.Connection, tenant: str, granted: object
) -> None:
    _, name = waiting(owner, tenant, *ACTIONS)
    async with await api.signed_in("senior_analyst", tenant=tenant) as client:
        body = {"approved": True, "granted": granted, "actions_hash": actions_hash(ACTIONS)}
        assert (await client.post(f"/v1/approvals/{name}", json=body)).status_code == 422


async def test_default_grant_of_a_protected_target_is_refused_with_what_to_do(
    api: Api, owner: psycopg.Connection, tenant: str
) -> None:
    _, name = waiting(owner, tenant, *ACTIONS, protected='{"ws-014": "break-glass workstation"}')
    whole = {"approved": True, "actions_hash": actions_hash(ACTIONS)}
    named = whole | {"granted": [0]}
    async with (
        await api.signed_in("senior_analyst", tenant=tenant) as first,
        await api.signed_in("admin", tenant=tenant, subject="robin") as second,
    ):
        refused = await first.post(f"/v1/approvals/{name}", json=whole)
        assert (refused.status_code, "break-glass workstation" in refused.text) == (422, True)
        statuses = [
            (await client.post(f"/v1/approvals/{name}", json=named)).json()["status"] for client in (first, second)
        ]
    assert statuses == ["pending", "granted"]


async def test_service_answers_nothing_whatever_its_roles_and_the_refusal_is_audited(
    api: Api, owner: psycopg.Connection, tenant: str
) -> None:
    class OfAService:
        async def verify(self, _: str) -> Identity:
            return Identity("app-1", "Sync", frozenset({Role.ADMIN}), tenant, is_service=True)

    case, name = waiting(owner, tenant, *ACTIONS)
    api.services = replace(api.services, tokens=OfAService())  # type: ignore[arg-type]
    body = {"approved": True, "actions_hash": actions_hash(ACTIONS)}
    async with api.client() as client:
        client.headers["Authorization"] = "Bearer x"
        answers = [
            await client.post(f"/v1/approvals/{name}", json=body),
            await client.post(f"/v1/approvals/{name}/ask-again"),
            await client.post(f"/v1/investigations/{case}/disposition", json=EXPECTED),
            await client.post(f"/v1/investigations/{case}/reopen", json={}),
        ]
        assert (await client.get("/v1/approvals")).status_code == 200
    assert [answer.status_code for answer in answers] == [403] * 4
    events = await api.audited()
    assert [(event.event_type, event.actor_type, event.actor_id) for event in events] == [
        ("access.denied", "system", "app-1")
    ] * 4
    assert "a signed-in senior analyst or admin may do it" in events[0].context["reason"]


@pytest.mark.parametrize(
    ("minutes", "change", "reason"),
    [
        (60, {"actions_hash": "f" * 64}, "other actions"),
        (-1, {}, "counts as denied"),
        (60, {"granted": [7]}, "positions from 0 to 0"),
    ],
)
async def test_refused_answer_is_audited_with_the_reason(
    api: Api, owner: psycopg.Connection, tenant: str, minutes: int, change: dict[str, object], reason: str
) -> None:
    name = approval(owner, tenant, investigation(owner, tenant, state="awaiting_human"), minutes=minutes)
    body = {"approved": True, "actions_hash": actions_hash(ACTIONS)} | change
    async with await api.signed_in("senior_analyst", tenant=tenant) as client:
        assert (await client.post(f"/v1/approvals/{name}", json=body)).is_client_error
    (event,) = await api.audited()
    assert (event.event_type, event.context["wanted"]) == ("access.denied", f"answer to approval {name}")
    assert reason in event.context["reason"]


async def test_analyst_escalates_and_a_senior_analyst_disposes(
    api: Api, owner: psycopg.Connection, tenant: str
) -> None:
    case, name = waiting(owner, tenant)
    path = f"/v1/investigations/{case}/disposition"
    async with (
        await api.signed_in("analyst", tenant=tenant) as analyst,
        await api.signed_in("senior_analyst", tenant=tenant, subject="robin") as senior,
    ):
        assert (await analyst.post(path, json=EXPECTED)).status_code == 403
        assert (await analyst.post(path, json=ESCALATE)).status_code == 200
        assert api.woken == []
        assert (await senior.post(path, json=EXPECTED)).json()["decided_by"] == "robin"
        twice = await senior.post(path, json=EXPECTED)
        detail = (await senior.get(f"/v1/investigations/{case}")).json()
    assert twice.status_code == 409
    assert api.woken == [case]
    assert [item["disposition"] for item in detail["dispositions"]] == ["escalate", "benign_true_positive"]
    assert [(item["approval_id"], item["status"], item["asks_for"]) for item in detail["approvals"]] == [
        (name, "disposed", "disposition")
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"disposition": "false_positive", "reason": "maintenance"},
        {"disposition": "approved", "reason": "maintenance"},
        {"disposition": "escalate"},
        EXPECTED | {"version": "1"},
    ],
    ids=str,
)
async def test_disposition_outside_the_closed_lists_is_refused(
    api: Api, owner: psycopg.Connection, tenant: str, body: dict[str, object]
) -> None:
    case, _ = waiting(owner, tenant)
    async with await api.signed_in("admin", tenant=tenant) as client:
        assert (await client.post(f"/v1/investigations/{case}/disposition", json=body)).status_code == 422


async def test_senior_analyst_reopens_a_closed_case_and_the_list_shows_what_people_made_of_it(
    api: Api, owner: psycopg.Connection, tenant: str
) -> None:
    case = investigation(owner, tenant, state="closed")
    path = f"/v1/investigations/{case}"
    async with (
        await api.signed_in("analyst", tenant=tenant) as analyst,
        await api.signed_in("senior_analyst", tenant=tenant) as senior,
    ):
        assert (await analyst.post(f"{path}/reopen", json={})).status_code == 403
        assert (await senior.post(f"{path}/disposition", json=EXPECTED)).json()["decided_by"] == "casey"
        (listed,) = (await senior.get("/v1/investigations")).json()["items"]
        assert listed["disposition"] == "benign_true_positive"
        async with await api.signed_in("audit_reader", tenant=tenant) as auditor:
            package = (await auditor.get(f"/v1/audit/evidence-package/{case}")).json()
        assert package["final_classification"] == "benign_true_positive"
        reopened = (await senior.post(f"{path}/reopen", json={"comment": "new facts"})).json()
        again = await senior.post(f"{path}/reopen", json={})
        (asked,) = (await senior.get("/v1/approvals")).json()["items"]
    assert (reopened["state"], reopened["round"], again.status_code) == ("awaiting_human", 2, 409)
    assert (asked["approval_id"], asked["asks_for"]) == (reopened["approval_id"], "disposition")
    assert api.woken == [f"{case}:2"]


@pytest.mark.parametrize(
    ("of_tenant", "hours", "status"), [("", 1, 200), ("-other", 1, 422), ("", -1, 422)], ids=["ours", "other", "old"]
)
async def test_link_from_a_message_opens_its_case_for_who_signs_in(
    api: Api, owner: psycopg.Connection, tenant: str, of_tenant: str, hours: int, status: int
) -> None:
    case = investigation(owner, tenant)
    links = CaseLinks(base="", key="k" * 32)
    api.services = replace(api.services, links=links)
    until = datetime.now(UTC) + timedelta(hours=hours)
    link = links.link(tenant_id=tenant + of_tenant, investigation_id=case, until=until)
    async with api.client() as anybody, await api.signed_in("analyst", tenant=tenant) as analyst:
        assert (await anybody.get(f"/v1/investigations{link}")).status_code == 401
        assert (await analyst.get(f"/v1/investigations{link}")).status_code == status
        assert (await analyst.post(f"/v1/investigations{link}")).status_code == 405  # it answers nothing
