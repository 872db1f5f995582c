"""Durable functions through the host: start, approval and status over HTTP, and what a kill leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx
import pytest

from tests.integration.host.sample_host import APPS, SampleHost, until


@pytest.fixture(scope="module")
def flows(postgres_url: str, make_host: Callable[..., SampleHost]) -> Iterator[SampleHost]:
    """A ready host with an orchestration."""
    host = make_host(app=APPS / "flow", ALUSKORT_TASKHUB_URL=postgres_url, SAMPLE_HUB="flows")
    host.start()
    yield host
    assert host.stop() == 0


def status(host: SampleHost, flow_id: str) -> dict[str, Any]:
    query = {"code": host.keys["durable"]}
    answer = host.request("GET", f"/runtime/webhooks/durabletask/instances/{flow_id}", params=query)
    found: dict[str, Any] = answer.json()
    return found


def completed(host: SampleHost, flow_id: str) -> dict[str, Any] | None:
    found = status(host, flow_id)
    assert found["runtimeStatus"] in {"Pending", "Running", "Completed"}, found
    return found if found["runtimeStatus"] == "Completed" else None


def test_durable_flow_runs_from_start_through_approval_to_its_result(flows: SampleHost) -> None:
    started = flows.request("POST", "/flows/whole", json={"value": 40})
    assert started.status_code == 202
    until(lambda: flows.records("count"), what="the first activity")
    assert flows.request("POST", "/flows/whole/approval", json={"by": "an analyst"}).status_code == 202
    found = until(lambda: completed(flows, "whole"), what="completion")
    assert found["output"] == {"value": 42, "approval": {"by": "an analyst"}}
    management = httpx.get(started.json()["statusQueryGetUri"], timeout=10)
    assert management.json()["runtimeStatus"] == "Completed"


def test_durable_public_routes_need_the_system_key(flows: SampleHost) -> None:
    assert flows.request("GET", "/runtime/webhooks/durabletask/instances/whole").status_code == 401
    code = {"code": flows.keys["function"]}
    assert flows.request("GET", "/runtime/webhooks/durabletask/instances/whole", params=code).status_code == 401


def test_durable_catch_all_route_does_not_hide_the_hosts_own_routes(flows: SampleHost) -> None:
    assert flows.request("GET", "/any/page").text == "page any/page"
    assert flows.request("GET", "/").text == "page "
    assert flows.request("GET", "/admin/host/status").status_code == 401


def test_durable_activity_that_fails_fails_the_flow_with_its_message(flows: SampleHost) -> None:
    query = {"code": flows.keys["durable"]}
    started = flows.request(
        "POST", "/runtime/webhooks/durabletask/orchestrators/doomed/doomed-1", params=query, json=None
    )
    assert started.status_code == 202, started.text
    found = until(
        lambda: s if (s := status(flows, "doomed-1"))["runtimeStatus"] == "Failed" else None, what="the failure"
    )
    assert "this activity always fails" in found["output"]


def test_durable_flow_goes_on_after_the_host_was_killed(flows: SampleHost) -> None:
    ids = [f"killed-{number}" for number in range(5)]
    for flow_id in ids:
        assert flows.request("POST", f"/flows/{flow_id}", json={"value": 1}).status_code == 202
    flows.kill()
    flows.start()
    for flow_id in ids:
        assert flows.request("POST", f"/flows/{flow_id}/approval", json=True).status_code == 202
    flows.kill()
    flows.start()
    for flow_id in ids:
        assert until(partial(completed, flows, flow_id), what=f"completion of {flow_id}")["output"]["value"] == 3
