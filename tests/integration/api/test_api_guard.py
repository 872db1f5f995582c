from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from fastapi.routing import iter_route_contexts

from shared.api.app import create_app
from shared.api.guard import Permits
from shared.audit.producer import AuditProducer
from shared.stores.postgres import Postgres

if TYPE_CHECKING:
    from tests.integration.api.conftest import Api

PUBLIC = {"/api/", "/api/health"}  # the front page says what health says
UNKNOWN = "00000000-0000-7000-8000-000000000001"
AUDIT = ["/v1/audit/events", f"/v1/audit/events/{UNKNOWN}", "/v1/audit/evidence-package/inv-1"]


@pytest.fixture
def tenant() -> str:
    return f"tenant-{uuid4()}"


def test_every_route_but_health_and_front_page_demands_a_permission(api: Api) -> None:
    unguarded = {
        route.path
        for route in iter_route_contexts(create_app(api.services).routes)
        if not any(isinstance(dependency.call, Permits) for dependency in route.dependant.dependencies)
    }
    assert unguarded == PUBLIC


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", path)
        for path in ["/v1/investigations", "/v1/investigations/inv-1", "/v1/incidents", "/v1/approvals", *AUDIT]
    ]
    + [("POST", "/v1/incidents/c-1/merge"), ("POST", "/v1/incidents/c-1/split")]
    + [("POST", "/v1/approvals/ap-1"), ("POST", "/v1/approvals/ap-1/ask-again"), ("POST", "/v1/audit/verify")]
    + [("POST", f"/v1/investigations/inv-1/{what}") for what in ("disposition", "reopen")],
)
async def test_request_without_a_token_is_refused(api: Api, method: str, path: str) -> None:
    async with api.client() as client:
        answer = await client.request(method, path, json={} if method == "POST" else None)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "TOKEN_MALFORMED"
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_role_header_grants_nothing(api: Api) -> None:
    async with api.client() as client:
        answer = await client.get("/v1/investigations", headers={"X-User-Role": "admin"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("roles", "path", "status"),
    [
        (["analyst"], "/v1/investigations", 200),
        (["analyst"], "/v1/audit/events", 403),
        (["senior_analyst"], "/v1/audit/events", 403),
        (["audit_reader"], "/v1/audit/events", 200),
        (["audit_reader"], "/v1/investigations", 403),
        (["admin"], "/v1/audit/events", 200),
        ([], "/v1/investigations", 403),
        (["wizard"], "/v1/investigations", 403),
    ],
)
async def test_role_decides_what_may_be_read(api: Api, tenant: str, roles: list[str], path: str, status: int) -> None:
    async with await api.signed_in(*roles, tenant=tenant) as client:
        assert (await client.get(path)).status_code == status


async def test_denial_is_audited_with_who_and_what(api: Api, tenant: str) -> None:
    async with await api.signed_in("analyst", tenant=tenant) as client:
        await client.get("/v1/audit/events")
    (event,) = await api.audited()
    assert (event.event_type, event.tenant_id, event.actor_id) == ("access.denied", tenant, "casey")
    assert event.context == {
        "method": "GET",
        "path": "/api/v1/audit/events",
        "wanted": "audit.read",
        "reason": "None of your roles grants audit.read: admin or audit reader may do it.",
    }


async def test_naming_another_tenant_is_refused_and_audited(api: Api, tenant: str) -> None:
    async with await api.signed_in("audit_reader", tenant=tenant) as client:
        query = await client.get("/v1/audit/events", params={"tenant": "someone-else"})
        verify = await client.post("/v1/audit/verify", json={"tenant": "someone-else"})
        own = await client.get("/v1/audit/events", params={"tenant": tenant})
    assert (query.status_code, verify.status_code, own.status_code) == (403, 403, 200)
    assert [event.event_type for event in await api.audited()] == ["access.denied"] * 2


async def test_denial_that_cannot_be_recorded_is_answered_503(api: Api, tenant: str) -> None:
    nowhere = Postgres("postgresql://nobody@127.0.0.1:1/none", wait_seconds=0.3)
    audit = AuditProducer(nowhere, api.outbox, source_service="api")
    api.services = replace(api.services, audit_producer=audit)
    async with await api.signed_in("analyst", tenant=tenant) as client:
        answer = await client.get("/v1/audit/events")
    await nowhere.close()
    assert answer.status_code == 503


async def test_path_that_is_no_route_answers_in_the_error_shape(api: Api) -> None:
    async with api.client() as client:
        answer = await client.get("/v1/nothing")
    assert answer.status_code == 404
    assert set(answer.json()["error"]) == {"code", "message", "hint"}


async def test_api_schema_is_hidden_unless_asked_for(api: Api) -> None:
    async with api.client() as client:
        assert [(await client.get(path)).status_code for path in ("/openapi.json", "/docs", "/redoc")] == [404] * 3


async def test_health_is_public_and_names_what_is_down_without_its_address(api: Api) -> None:
    async with api.client() as client:
        well = await client.get("/health")
        api.redis.up = False
        ill = await client.get("/health")
    assert (well.status_code, well.json()["status"]) == (200, "healthy")
    assert ill.status_code == 503
    assert ill.json() == {"status": "degraded", "dependencies": {"postgresql": "up", "redis": "down"}}
