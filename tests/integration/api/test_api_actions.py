"""The routes of actions and assets: who may, and what is kept and audited."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from shared.contracts.tenant import NO_TENANT
from shared.response.protected import protected_targets
from shared.stores.postgres import Postgres

if TYPE_CHECKING:
    from tests.integration.api.conftest import Api

DC = {"entity_type": "host", "entity_name": "dc-1.contoso.example"}


@pytest.fixture
def tenant() -> str:
    return f"tenant-{uuid4()}"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/actions/a-1/undo", {}),
        ("/v1/protected-assets", DC | {"reason": "r"}),
        ("/v1/protected-assets/remove", DC),
        ("/v1/assets", {"assets": [DC]}),
    ],
)
async def test_analyst_may_not_change_what_actions_do(
    api: Api, tenant: str, path: str, body: dict[str, object]
) -> None:
    async with await api.signed_in("analyst", tenant=tenant) as client:
        answer = await client.post(path, json=body)
    assert answer.status_code == 403
    assert [(event.event_type, event.context["path"]) for event in await api.audited()] == [
        ("access.denied", f"/api{path}")
    ]


async def test_undo_of_an_unknown_action_is_not_found(api: Api, tenant: str) -> None:
    async with await api.signed_in("senior_analyst", tenant=tenant) as client:
        answer = await client.post("/v1/actions/nothing:0/undo")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")


async def test_protected_list_is_kept_paged_audited_and_taken_back(api: Api, store: Postgres, tenant: str) -> None:
    async with await api.signed_in("senior_analyst", tenant=tenant) as client:
        for name in ("DC-1.contoso.example", "dc-2", "hmi-3"):
            body = {"entity_type": "host", "entity_name": name, "reason": "it is ours"}
            assert (await client.post("/v1/protected-assets", json=body)).status_code == 204
        first = (await client.get("/v1/protected-assets", params={"limit": 2})).json()
        rest = (await client.get("/v1/protected-assets", params={"cursor": first["next_cursor"], "limit": 2})).json()
        named = [(one["entity_name"], one["protected_by"]) for one in [*first["items"], *rest["items"]]]
        assert named == [("DC-1.contoso.example", "casey"), ("dc-2", "casey"), ("hmi-3", "casey")]
        assert rest["next_cursor"] is None
        assert (await client.post("/v1/protected-assets/remove", json=DC)).status_code == 204
        assert (await client.post("/v1/protected-assets/remove", json=DC)).status_code == 404
    async with store.transaction(tenant) as connection:
        found = await protected_targets(connection, tenant, ["dc-1", "DC-2.contoso.example"])
    assert found == {"DC-2.contoso.example": "casey protects it: it is ours"}
    events = [event for event in await api.audited() if event.tenant_id == tenant]
    assert [(event.event_type, event.context["change"]) for event in events] == [
        *[("config.changed", "protect")] * 3,
        ("config.changed", "unprotect"),
    ]


async def test_asset_facts_are_replaced_by_kind_and_name_and_protect(api: Api, store: Postgres, tenant: str) -> None:
    async with await api.signed_in("admin", tenant=tenant) as client:
        for role in ("file_server", "Domain-Controller"):
            body = {"assets": [DC | {"role": role, "criticality": "critical"}]}
            assert (await client.post("/v1/assets", json=body)).status_code == 204
    async with store.transaction(tenant) as connection:
        assert await protected_targets(connection, tenant, ["DC-1", "ws-1"]) == {"DC-1": "it is a domain controller"}
        assert await protected_targets(connection, NO_TENANT, ["DC-1"]) == {}
