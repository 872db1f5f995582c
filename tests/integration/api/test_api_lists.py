"""What holds for every list: both orders, cursors that belong to one list, pages that stay whole while rows come in."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from shared.audit.event import audit_event
from tests.integration.api.test_api_investigations import approval, investigation
from tests.unit.incidents.alerts import alert

if TYPE_CHECKING:
    from tests.integration.api.conftest import Api

ROWS = 5
LISTS = {
    "/v1/investigations": ("created_at", "investigation_id"),
    "/v1/approvals": ("expires_at", "approval_id"),
    "/v1/incidents": ("opened_at", "incident_id"),
    "/v1/audit/events": ("sequence_number", "audit_id"),
}
A_TIME = "2026-01-01T00:00:00+00:00"


@pytest.fixture
def tenant() -> str:
    return f"tenant-{uuid4()}"


@pytest.fixture
def owner(owner_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(owner_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
async def client(api: Api, owner: psycopg.Connection, tenant: str) -> Any:
    """An administrator's, in a tenant with five rows in each list."""
    for number in range(ROWS):
        waiting = investigation(owner, tenant, number, state="awaiting_human")
        approval(owner, tenant, waiting, minutes=60 + number)
        await api.services.incidents.link(alert(f"a-{number}", tenant=tenant), f"i-{number}")
    await add_records(api, tenant, ROWS - 1)  # and the genesis record
    async with await api.signed_in("admin", tenant=tenant) as client:
        yield client


async def add_records(api: Api, tenant: str, count: int) -> None:
    events = [
        audit_event(tenant_id=tenant, event_type="alert.classified", actor_id="agent", source_service="test")
        for _ in range(count)
    ]
    await api.services.audit.append_messages([event.to_json() for event in events])


async def page(client: httpx.AsyncClient, path: str, **query: Any) -> dict[str, Any]:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def read_all(client: httpx.AsyncClient, path: str, **query: Any) -> list[dict[str, Any]]:
    found: dict[str, Any] = await page(client, path, **query)
    items = list(found["items"])
    while found["next_cursor"]:
        found = await page(client, path, cursor=found["next_cursor"], **query)
        items += found["items"]
    return items


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", [1, 2, ROWS, 100])
async def test_pages_in_either_order_show_every_row_once(client: httpx.AsyncClient, path: str, limit: int) -> None:
    field, name = LISTS[path]
    ascending = await read_all(client, path, sort=field, limit=limit)
    descending = await read_all(client, path, sort=f"-{field}", limit=limit)
    assert [item[field] for item in ascending] == sorted(item[field] for item in ascending)
    assert [item[name] for item in descending] == [item[name] for item in ascending][::-1]
    assert len({item[name] for item in ascending}) == ROWS


async def test_rows_that_come_in_between_two_pages_neither_repeat_nor_hide_a_row(
    client: httpx.AsyncClient, api: Api, tenant: str
) -> None:
    before = await read_all(client, "/v1/audit/events")
    first = await page(client, "/v1/audit/events", limit=2)
    await add_records(api, tenant, 3)
    rest = await page(client, "/v1/audit/events", cursor=first["next_cursor"])
    assert first["items"] + rest["items"] == before


@pytest.mark.parametrize(
    ("made_with", "used_with"),
    [
        ({"severity": "high"}, {"severity": "low"}),
        ({"state": "awaiting_human"}, {}),
        ({"sort": "created_at"}, {"sort": "-created_at"}),
    ],
)
async def test_cursor_with_other_filters_or_sort_is_refused_with_what_to_do(
    client: httpx.AsyncClient, made_with: dict[str, str], used_with: dict[str, str]
) -> None:
    cursor = (await page(client, "/v1/investigations", limit=1, **made_with))["next_cursor"]
    answer = await client.get("/v1/investigations", params={"cursor": cursor, **used_with})
    assert answer.status_code == 422
    assert "Repeat them, or leave the cursor out" in answer.json()["error"]["message"]


async def test_cursor_of_another_list_or_tenant_is_refused(client: httpx.AsyncClient, api: Api) -> None:
    cursor = (await page(client, "/v1/investigations", limit=1))["next_cursor"]
    of_list = await client.get("/v1/approvals", params={"cursor": cursor})
    async with await api.signed_in("admin", tenant="someone-else") as stranger:
        of_tenant = await stranger.get("/v1/investigations", params={"cursor": cursor})
    assert (of_list.status_code, of_tenant.status_code) == (422, 422)


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    ["not-base64!", "é", encoded({}), encoded(7), encoded([]), encoded(["x", "2026-01-01T00:00:00Z", "a\x00"]),
     encoded(["x", "2026-01-01", "a"]), encoded(["x", ["2026-01-01T00:00:00Z"], "a"]), encoded(["x", None, None]),
     encoded(["x"] * 9), base64.urlsafe_b64encode(b"[" * 40_000).decode()],
    ids=range(11),
)  # fmt: skip
async def test_cursor_that_nobody_gave_out_is_refused_by_name(client: httpx.AsyncClient, cursor: str) -> None:
    answer = await client.get("/v1/investigations", params={"cursor": cursor})
    assert answer.status_code == 422
    assert "cursor" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "key"),
    [
        *(("/v1/investigations", [A_TIME, text]) for text in ("\ud800", "a\x00", 7)),
        *(("/v1/approvals", [A_TIME, text]) for text in ("\ud800", "a\x00", 7)),
        *(("/v1/audit/events", [number]) for number in (1e400, -1e400, float("nan"), 2**63, -1, 10**400, "1e3", None)),
    ],
    ids=range(14),
)
async def test_cursor_of_the_list_with_a_key_that_no_row_can_have_is_refused_by_name(
    client: httpx.AsyncClient, path: str, key: list[Any]
) -> None:
    of_list, *_ = json.loads(base64.urlsafe_b64decode((await page(client, path, limit=1))["next_cursor"]))
    answer = await client.get(path, params={"cursor": encoded([of_list, *key])})
    assert answer.status_code == 422, answer.text
    assert "cursor" in answer.json()["error"]["message"]


@pytest.mark.parametrize("moment", ["1700000000", "2026-01-31", "2026-01-31T08:00:00", "yesterday", "infinity"])
async def test_time_without_date_or_zone_is_refused_by_the_field(client: httpx.AsyncClient, moment: str) -> None:
    answer = await client.get("/v1/audit/events", params={"since": moment})
    assert answer.status_code == 422
    assert "since" in answer.json()["error"]["message"]
