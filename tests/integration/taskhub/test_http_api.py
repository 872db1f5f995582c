"""The HTTP API as the SDK's client and as a person's HTTP client use it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from azure.durable_functions import DurableOrchestrationClient, OrchestrationRuntimeStatus

from local.taskhub import InstanceFilter, Status, TaskHub
from tests.integration.taskhub.conftest import UNTYPED_LOADS, reach

pytestmark = pytest.mark.filterwarnings(UNTYPED_LOADS)

LONG_AGO = datetime.now(UTC) - timedelta(days=1)


async def test_sdk_client_starts_feeds_and_reads_an_instance(client: DurableOrchestrationClient, hub: TaskHub) -> None:
    assert await client.start_new("approval", "alert-7", 14400) == "alert-7"
    waiting = await client.get_status("alert-7", show_input=True)
    assert waiting
    assert waiting.input_ == "14400"
    await client.raise_event("alert-7", "Approval", {"approved": True})
    await reach(hub, "alert-7")
    ended = await client.get_status("alert-7", show_history=True, show_history_output=True)
    assert ended.runtime_status is OrchestrationRuntimeStatus.Completed
    assert ended.output == {"approved": True}
    shown = [item["EventType"] for item in ended.historyEvents]
    assert shown == ["ExecutionStarted", "EventRaised", "ExecutionCompleted"]


async def test_sdk_client_sees_no_status_of_an_unknown_instance(client: DurableOrchestrationClient) -> None:
    assert not await client.get_status("nobody")
    with pytest.raises(Exception, match="No instance with ID nobody found"):
        await client.raise_event("nobody", "Approval", {})


async def test_sdk_client_is_told_which_orchestrator_is_unknown(client: DurableOrchestrationClient) -> None:
    with pytest.raises(Exception, match="no_such_flow"):
        await client.start_new("no_such_flow")


async def test_sdk_client_cannot_start_a_running_id_again(client: DurableOrchestrationClient) -> None:
    await client.start_new("approval", "alert-8", 14400)
    with pytest.raises(Exception, match="still running"):
        await client.start_new("approval", "alert-8", 14400)


async def test_sdk_client_suspends_resumes_terminates_restarts_and_purges(
    client: DurableOrchestrationClient, hub: TaskHub
) -> None:
    instance_id = await client.start_new("collect", None, 1)
    await client.suspend(instance_id, "wait a moment")
    await reach(hub, instance_id, Status.SUSPENDED)
    await client.resume(instance_id, "go on")
    await client.terminate(instance_id, "no & yes")
    ended = await reach(hub, instance_id)
    assert ended.output == '"no & yes"'
    other = await client.restart(instance_id)
    await reach(hub, other, Status.RUNNING)
    assert (await client.purge_instance_history(instance_id)).instances_deleted == 1
    assert (await client.purge_instance_history(instance_id)).instances_deleted == 0


async def test_lists_filter_by_status_age_and_literal_prefix(client: DurableOrchestrationClient, hub: TaskHub) -> None:
    for instance_id in ("a%b-1", "a%b-2", "axb-3"):
        await client.start_new("chain", httpx.URL(f"http://x/{instance_id}").raw_path.decode()[1:], 1)
    await client.start_new("approval", "waits", 14400)
    for one in await hub.list_statuses(InstanceFilter(id_prefix="a")):
        await reach(hub, one.instance_id)
    assert len(await client.get_status_all()) == 4
    ended = await client.get_status_by(LONG_AGO, None, [OrchestrationRuntimeStatus.Completed])
    assert len(ended) == 3
    literal = await hub.list_statuses(InstanceFilter(id_prefix="a%"))
    assert [one.instance_id for one in literal] == ["a%b-1", "a%b-2"]
    assert await client.get_status_by(datetime.now(UTC) + timedelta(hours=1)) == []
    purged = await client.purge_instance_history_by(LONG_AGO, None, [OrchestrationRuntimeStatus.Completed])
    assert purged.instances_deleted == 3
    assert [one.instance_id for one in await hub.list_statuses()] == ["waits"]


async def test_raw_post_gives_the_orchestrator_the_plain_value(http: httpx.AsyncClient, hub: TaskHub) -> None:
    started = await http.post("/orchestrators/mirror", json={"id": 7})
    assert started.status_code == 202
    ended = await reach(hub, started.json()["id"])
    assert ended.output == '{"id": 7}'
    status = await http.get(started.headers["location"])
    assert (status.status_code, status.json()["output"]) == (200, {"id": 7})


async def test_failed_instance_answers_500_only_on_request(http: httpx.AsyncClient, hub: TaskHub) -> None:
    instance_id = (await http.post("/orchestrators/failing", json='"no"')).json()["id"]
    await reach(hub, instance_id)
    assert (await http.get(f"/instances/{instance_id}")).status_code == 200
    loud = await http.get(f"/instances/{instance_id}?returnInternalServerErrorOnFailure=true")
    assert loud.status_code == 500


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        ("/orchestrators/chain/%40entity", b"1", "instance id"),
        ("/orchestrators/chain/a%00b", b"1", "instance id"),
        ("/orchestrators/chain/" + "x" * 101, b"1", "instance id"),
        ("/orchestrators/chain/%F0%9F%92%A3", b"1", "instance id"),
        ("/orchestrators/chain'%3BDROP%20TABLE", b"1", "orchestrator"),
        ("/orchestrators/chain", b"{", "expected 'JSON'"),
        ("/orchestrators/chain", b"NaN", "NaN is not JSON"),
        ("/orchestrators/chain", b"\xff", "UTF-8"),
        ("/orchestrators/chain", b"[" * 200_000, "orchestration input"),
        ("/orchestrators/chain", b'"' + b"x" * 1_000_001 + b'"', "1000000 bytes"),
        ("/orchestrators/chain?version=%00", b"1", "version"),
        ("/instances/alert/raiseEvent/a%09b", b"1", "event name"),
        ("/instances/alert/raiseEvent/" + "x" * 257, b"1", "event name"),
    ],
)
async def test_hostile_request_is_refused_with_a_reason(
    http: httpx.AsyncClient, hub: TaskHub, path: str, body: bytes, sentence: str
) -> None:
    answer = await http.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert sentence.replace("'", "") in answer.json()["Message"].replace("'", "")
    assert await hub.list_statuses() == []


@pytest.mark.parametrize(
    "query",
    ["runtimeStatus=Happy", "createdTimeFrom=yesterday", "instanceIdPrefix=%00", "instanceIdPrefix=" + "x" * 101],
)
async def test_hostile_filter_is_refused_with_a_reason(http: httpx.AsyncClient, query: str) -> None:
    answer = await http.get(f"/instances?{query}")
    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.json()["Message"]


async def test_event_that_is_not_json_content_is_refused(http: httpx.AsyncClient, hub: TaskHub) -> None:
    await hub.start_new("approval", instance_id="waits", input_json=json.dumps("14400"))
    answer = await http.post(
        "/instances/waits/raiseEvent/Approval", content=b"1", headers={"content-type": "text/plain"}
    )
    assert answer.status_code == 400


async def test_finished_instance_answers_410_and_unknown_404(http: httpx.AsyncClient, hub: TaskHub) -> None:
    instance_id = await hub.start_new("chain", input_json=json.dumps("1"))
    await reach(hub, instance_id)
    for operation in ("terminate", "suspend", "resume"):
        assert (await http.post(f"/instances/{instance_id}/{operation}?reason=x")).status_code == 410
        assert (await http.post(f"/instances/nobody/{operation}?reason=x")).status_code == 404
    assert (await http.delete("/instances/nobody")).status_code == 404


async def test_entities_and_rewind_say_that_they_are_not_offered(http: httpx.AsyncClient) -> None:
    for answer in (
        await http.post("/entities/counter/one?op=add"),
        await http.get("/entities/counter/one"),
        await http.post("/instances/x/rewind?reason=y"),
    ):
        assert (answer.status_code, "not offered" in answer.text) == (501, True)


async def test_status_history_shows_names_and_outputs_only_on_request(http: httpx.AsyncClient, hub: TaskHub) -> None:
    instance_id = await hub.start_new("chain", input_json=json.dumps("1"))
    await reach(hub, instance_id)
    plain = (await http.get(f"/instances/{instance_id}?showHistory=true")).json()["historyEvents"]
    full = (await http.get(f"/instances/{instance_id}?showHistory=true&showHistoryOutput=true")).json()["historyEvents"]
    assert [item.get("FunctionName") for item in plain] == [None, "double", "double", "double", None]
    assert not any("Result" in item for item in plain)
    assert [item.get("Result") for item in full if item["EventType"] == "TaskCompleted"] == [2, 4, 8]
