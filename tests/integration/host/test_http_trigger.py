"""HTTP triggers of the host: routes, keys, answers."""

from __future__ import annotations

import asyncio
import stat
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from starlette.applications import Starlette

from local.host import http_trigger
from local.host.function import IndexedFunction
from local.host.keys import HostKeys
from local.host.worker import Worker
from tests.integration.host.sample_host import SampleHost, until


def test_http_route_gives_parameters_query_and_body(sample: SampleHost) -> None:
    answer = sample.request("POST", "/api/items/a%20b?x=1&x=2&y=ä", content="text", headers=key(sample, "function"))
    assert answer.status_code == 202
    assert answer.json() == {"item": "a b", "query": {"x": "1,2", "y": "ä"}, "body": "text", "method": "POST"}
    assert answer.headers["x-sample"] == "yes"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["set-cookie"] == "taste=sweet; HttpOnly; Max-Age=60; Path=/; SameSite=lax"


def test_http_function_level_needs_a_key(sample: SampleHost) -> None:
    assert sample.request("GET", "/api/items/1").status_code == 401
    assert sample.request("GET", "/api/items/1", headers={"x-functions-key": "wrong"}).status_code == 401
    assert sample.request("GET", f"/api/items/1?code={sample.keys['durable']}").status_code == 401
    assert sample.request("GET", f"/api/items/1?code={sample.keys['function']}").status_code == 202
    assert sample.request("GET", "/api/items/1", headers=key(sample, "master")).status_code == 202


def test_http_admin_level_needs_the_master_key(sample: SampleHost) -> None:
    assert sample.request("GET", "/api/admins", headers=key(sample, "function")).status_code == 401
    assert sample.request("GET", "/api/admins", headers=key(sample, "master")).text == "master"


def test_http_literal_route_wins_over_parameter(sample: SampleHost) -> None:
    answer = sample.request("GET", "/api/items/latest")
    assert (answer.status_code, answer.text) == (200, "the latest")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_http_catch_all_gets_the_rest_of_the_path(sample: SampleHost) -> None:
    assert sample.request("GET", "/api/open/a/b/c").json()["route"] == "a/b/c"
    assert sample.request("DELETE", "/api/open").json() == {"route": None, "function": "open_to_all"}


def test_http_unknown_route_and_method_are_refused(sample: SampleHost) -> None:
    assert sample.request("GET", "/api/nothing").status_code == 404
    assert sample.request("DELETE", "/api/items/1", headers=key(sample, "master")).status_code == 405


def test_http_function_that_raises_gives_500_without_detail(sample: SampleHost) -> None:
    answer = sample.request("GET", "/api/broken")
    assert (answer.status_code, answer.text) == (500, "")
    assert "Function broken failed" in sample.text
    assert "ValueError: a detail that stays inside" in sample.text
    assert "Traceback" not in sample.text


async def test_http_function_slower_than_azures_load_balancer_answers_504_and_still_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_trigger, "ANSWER_SECONDS", 0.0)
    worker, release, ended = Worker(function_timeout=60), asyncio.Event(), asyncio.Event()

    async def slow(*_: object, **__: object) -> None:
        await release.wait()
        ended.set()

    monkeypatch.setattr(worker, "invoke", slow)
    function = IndexedFunction("slow", "id", {"type": "httpTrigger", "name": "req", "authLevel": "ANONYMOUS"}, (), None)
    routes = http_trigger.http_routes([function], worker=worker, keys=HostKeys("m", "f", "d"), prefix="api", client="")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(Starlette(routes=routes)), base_url="http://127.0.0.1"
    ) as client:
        assert (await asyncio.wait_for(client.get("/api/slow"), 10)).status_code == 504
    release.set()
    await asyncio.wait_for(ended.wait(), 10)


def test_http_body_over_100_mb_is_refused(sample: SampleHost) -> None:
    answer = sample.request("POST", "/api/items/1", content=bytes(104_857_601), headers=key(sample, "master"))
    assert answer.status_code == 413


def test_root_leads_to_the_page_of_the_product(sample: SampleHost) -> None:
    answer = sample.request("GET", "/")
    assert (answer.status_code, answer.headers["location"]) == (307, "/api/")


def test_admin_status_needs_the_master_key_and_tells_the_state(sample: SampleHost) -> None:
    assert sample.request("GET", "/admin/host/status").status_code == 401
    assert sample.request("GET", "/admin/host/status", headers=key(sample, "master")).json()["state"] == "Running"


def test_admin_runs_a_timer_by_hand(sample: SampleHost) -> None:
    before = len(sample.records("new-year"))
    assert sample.request("POST", "/admin/functions/new_year", json={}).status_code == 401
    assert sample.request("POST", "/admin/functions/other", json={}, headers=key(sample, "master")).status_code == 404
    assert (
        sample.request("POST", "/admin/functions/new_year", json={}, headers=key(sample, "master")).status_code == 202
    )
    until(lambda: len(sample.records("new-year")) == before + 1, what="the run")


def test_http_request_in_flight_is_finished_before_the_host_stops(sample: SampleHost) -> None:
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(sample.request, "GET", "/api/slow")
        until(lambda: sample.records("slow-started"), what="the request")
        assert sample.stop() == 0
        assert answer.result().text == "done"
    sample.start()


def test_keys_are_kept_over_restarts_and_readable_by_the_owner_only(sample: SampleHost) -> None:
    before = sample.keys
    sample.stop()
    sample.start()
    assert sample.keys == before
    assert stat.S_IMODE((sample.folder / "state" / "keys.json").stat().st_mode) == 0o600


def test_start_log_lists_every_function_with_its_trigger(sample: SampleHost) -> None:
    assert f"item: [GET,POST] {sample.url}/api/items/{{item}}" in sample.text
    assert "kafka_one: kafkaTrigger" in sample.text
    assert "every_second: timerTrigger * * * * * *" in sample.text
    assert f"Host is ready at {sample.url}" in sample.text


def key(host: SampleHost, name: str) -> dict[str, str]:
    return {"x-functions-key": host.keys[name]}
