"""Every durable feature, by a real DFApp on a real database."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from local.taskhub import DurableOptions, InstanceFinished, Status, TaskHub
from shared.errors import Conflict, InvalidInput
from tests.integration.taskhub.conftest import UNTYPED_LOADS, MakeHub, reach, until
from tests.integration.taskhub.sample_app import CALLS

pytestmark = pytest.mark.filterwarnings(UNTYPED_LOADS)


async def run(hub: TaskHub, name: str, data: Any = None) -> Any:
    """The output of an instance that must complete."""
    ended = await reach(hub, await hub.start_new(name, input_json=json.dumps(json.dumps(data))))
    assert ended.status is Status.COMPLETED, ended.output
    return json.loads(ended.output) if ended.output else None


async def failure(hub: TaskHub, name: str, data: Any = None) -> str:
    """The message of an instance that must fail."""
    ended = await reach(hub, await hub.start_new(name, input_json=json.dumps(json.dumps(data))))
    assert ended.status is Status.FAILED
    assert ended.output is not None
    return str(json.loads(ended.output))


async def test_chain_completes_with_output_and_custom_status(hub: TaskHub) -> None:
    instance_id = await hub.start_new("chain", input_json=json.dumps("5"))
    ended = await reach(hub, instance_id)
    assert ended.status is Status.COMPLETED, ended.output
    assert (ended.status, ended.output, ended.custom_status) == (Status.COMPLETED, "40", '{"value": 40}')


async def test_fan_out_of_many_activities_returns_all_results(hub: TaskHub) -> None:
    assert await run(hub, "fan_out", 300) == sum(2 * n for n in range(300))


async def test_retried_activity_that_recovers_returns_its_result(hub: TaskHub) -> None:
    key = {"key": "recovers", "succeed_at": 3}
    assert await run(hub, "retrying", key) == ["done at attempt 3", 42]


async def test_retried_activity_out_of_attempts_raises_in_the_orchestrator_which_goes_on(hub: TaskHub) -> None:
    outcome, last = await run(hub, "retrying", {"key": "never", "succeed_at": 9})
    assert outcome.startswith("gave up: Activity function 'fail_until' failed: attempt 3 refused")
    assert last == 42
    assert CALLS.count(("fail_until", "never")) == 3


async def test_retries_beside_other_calls_keep_the_sdk_and_the_hub_in_step(hub: TaskHub) -> None:
    instances = [await hub.start_new("retrying_beside_others") for _ in range(10)]
    wanted = [f"done at attempt {1 + n % 3}" for n in range(6)]
    for instance_id in instances:
        ended = await reach(hub, instance_id)
        assert json.loads(ended.output or "") == [True, 10, wanted], ended


async def test_timer_that_fires_first_wins_the_race(hub: TaskHub) -> None:
    assert await run(hub, "approval", 0.05) == "expired"


async def test_event_before_the_timer_wins_and_the_cancelled_timer_holds_nothing_up(hub: TaskHub) -> None:
    instance_id = await hub.start_new("approval", input_json=json.dumps("14400"))
    await hub.raise_event(instance_id, "Approval", data_json='{"approved": true}')
    ended = await reach(hub, instance_id)
    assert ended.output == '{"approved": true}'


async def test_orchestrator_that_ends_with_an_open_timer_stays_running_as_on_the_platform(hub: TaskHub) -> None:
    instance_id = await hub.start_new("forgets_timer")

    async def timer_is_set() -> bool:
        return any(item["EventType"] == 10 for item in await hub.get_history(instance_id))

    await until(timer_is_set)
    assert (await hub.get_status(instance_id)).status is Status.RUNNING
    await hub.terminate(instance_id)
    await reach(hub, instance_id, Status.TERMINATED)


async def test_events_of_one_name_are_delivered_in_order_to_the_waits_for_it(hub: TaskHub) -> None:
    instance_id = await hub.start_new("collect", input_json=json.dumps("20"))
    await hub.raise_event(instance_id, "Go")
    for number in range(20):
        await hub.raise_event(instance_id, "Item", data_json=str(number))
    ended = await reach(hub, instance_id)
    assert json.loads(ended.output or "") == list(range(20))


async def test_event_before_its_wait_answers_every_later_wait_in_the_sdk_and_one_in_the_host(hub: TaskHub) -> None:
    """Issue 507 of azure-functions-durable-python: the code has its five answers, the host awaits three more events."""
    instance_id = await hub.start_new("collect", input_json=json.dumps("5"))
    for number in range(2):
        await hub.raise_event(instance_id, "Item", data_json=str(number))
    await hub.raise_event(instance_id, "Go")
    for sent in range(3):
        await until(partial(has_taken, hub, instance_id, events=3 + sent))
        assert (await hub.get_status(instance_id)).status is Status.RUNNING
        await hub.raise_event(instance_id, "Item", data_json="9")
    assert (await reach(hub, instance_id)).output == "[1, 1, 1, 1, 1]"


async def test_failed_task_of_several_lets_the_code_go_on_and_the_host_only_after_the_others(hub: TaskHub) -> None:
    instance_id = await hub.start_new("makes_up_for_a_failure")

    async def failed() -> bool:
        kinds = [item["EventType"] for item in await hub.get_history(instance_id)]
        return 6 in kinds and kinds[-1] == 13

    await until(failed)
    scheduled = [item["Name"] for item in await hub.get_history(instance_id) if item["EventType"] == 4]
    assert scheduled == ["fail_until"]
    await hub.raise_event(instance_id, "Other")
    assert (await reach(hub, instance_id)).output == "8"


async def test_task_of_an_earlier_task_any_lets_the_code_go_on_and_the_host_only_after_the_new_ones(
    hub: TaskHub,
) -> None:
    instance_id = await hub.start_new("waits_beside_a_second_timer")

    async def has_two_timers() -> bool:
        return [item["EventType"] for item in await hub.get_history(instance_id)].count(10) == 2

    await until(has_two_timers)
    await hub.raise_event(instance_id, "Go")
    await until(partial(has_taken, hub, instance_id, events=1))
    assert not [item for item in await hub.get_history(instance_id) if item["EventType"] == 4]
    await hub.terminate(instance_id)


async def has_taken(hub: TaskHub, instance_id: str, *, events: int) -> bool:
    """Whether so many events are in the history, and the turn that took the last of them has ended."""
    kinds = [item["EventType"] for item in await hub.get_history(instance_id)]
    return kinds.count(15) == events and kinds[-1] == 13


async def test_event_of_another_case_answers_no_wait(hub: TaskHub) -> None:
    instance_id = await hub.start_new("approval", input_json=json.dumps("0.5"))
    await hub.raise_event(instance_id, "approval")
    assert (await reach(hub, instance_id)).output == '"expired"'


async def test_continue_as_new_forgets_the_events_of_the_history_before(hub: TaskHub) -> None:
    instance_id = await hub.start_new("waits_once_a_generation", input_json=json.dumps("3"))
    for left in ("2", "1"):
        await hub.raise_event(instance_id, "Again")
        await until(partial(waits_with, hub, instance_id, left))
    assert (await hub.get_status(instance_id)).status is Status.RUNNING
    await hub.raise_event(instance_id, "Again")
    assert (await reach(hub, instance_id)).output == '"done"'


async def waits_with(hub: TaskHub, instance_id: str, left: str) -> bool:
    """Whether the generation with so many waits left is waiting."""
    history = await hub.get_history(instance_id)
    return len(history) > 2 and left in history[1]["Input"] and history[-1]["EventType"] == 13


async def test_sub_orchestrations_return_their_results_and_know_their_ids(hub: TaskHub) -> None:
    instance_id = await hub.start_new("parent")
    assert (await reach(hub, instance_id)).output == "[8, 16]"
    assert (await hub.get_status(f"{instance_id}-named")).output == "16"


async def test_failing_sub_orchestration_is_retried_and_its_reason_reaches_the_parent(hub: TaskHub) -> None:
    reason = await run(hub, "parent_of_failing")
    assert reason.startswith("Orchestrator function 'failing' failed: child broke")
    children = [one for one in await hub.list_statuses() if one.name == "failing"]
    assert [one.status for one in children] == [Status.FAILED, Status.FAILED]


async def test_sub_orchestration_with_a_running_id_fails_in_the_parent(hub: TaskHub) -> None:
    await hub.start_new("approval", instance_id="taken-named", input_json=json.dumps("14400"))
    await hub.start_new("parent", instance_id="taken")
    ended = await reach(hub, "taken")
    assert ended.status is Status.FAILED
    assert "an instance with the id 'taken-named' is still running" in (ended.output or "")


async def test_continue_as_new_starts_over_with_the_new_input_and_a_new_history(hub: TaskHub) -> None:
    instance_id = await hub.start_new("countdown", input_json=json.dumps("4"))
    ended = await reach(hub, instance_id)
    assert ended.output == '"landed"'
    scheduled = [item for item in await hub.get_history(instance_id) if item["EventType"] == 4]
    assert [item["EventId"] for item in scheduled] == [0]


async def test_orchestrator_that_raises_fails_with_its_message(hub: TaskHub) -> None:
    assert await failure(hub, "failing", "no plan") == "Orchestrator function 'failing' failed: no plan"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("calls_entity", "call_entity is not offered by the local host"),
        ("signals_entity", "signal_entity is not offered by the local host"),
        ("calls_http", "call_http is not offered by the local host"),
        ("calls_nothing", "it asks for activity 'not_there', and there is none in this app"),
        ("names_child_badly", "instance id"),
    ],
)
async def test_orchestrator_that_asks_for_what_is_not_there_fails_with_a_clear_sentence(
    hub: TaskHub, name: str, sentence: str
) -> None:
    assert sentence in await failure(hub, name)


async def test_terminate_ends_a_waiting_instance_with_the_reason(hub: TaskHub) -> None:
    instance_id = await hub.start_new("approval", input_json=json.dumps("14400"))
    await hub.terminate(instance_id, reason="duplicate")
    ended = await reach(hub, instance_id)
    assert (ended.status, ended.output) == (Status.TERMINATED, '"duplicate"')
    with pytest.raises(InstanceFinished):
        await hub.raise_event(instance_id, "Approval")


async def test_suspended_instance_takes_nothing_until_it_is_resumed(hub: TaskHub) -> None:
    instance_id = await hub.start_new("collect", input_json=json.dumps("1"))
    await hub.suspend(instance_id, reason="look")
    await reach(hub, instance_id, Status.SUSPENDED)
    await hub.raise_event(instance_id, "Go")
    await hub.raise_event(instance_id, "Item", data_json="7")
    await hub.terminate(await hub.start_new("approval", input_json=json.dumps("14400")))  # something else goes on
    assert (await hub.get_status(instance_id)).status is Status.SUSPENDED
    await hub.resume(instance_id)
    assert (await reach(hub, instance_id)).output == "[7]"


async def test_start_with_the_id_of_a_running_instance_is_refused(hub: TaskHub) -> None:
    await hub.start_new("approval", instance_id="alert-1", input_json=json.dumps("14400"))
    with pytest.raises(Conflict, match="still running"):
        await hub.start_new("chain", instance_id="alert-1", input_json=json.dumps("1"))
    assert (await hub.get_status("alert-1")).name == "approval"


async def test_start_with_the_id_of_a_finished_instance_replaces_it(hub: TaskHub) -> None:
    await hub.start_new("chain", instance_id="alert-2", input_json=json.dumps("1"))
    first = await reach(hub, "alert-2")
    await hub.start_new("chain", instance_id="alert-2", input_json=json.dumps("2"))
    again = await reach(hub, "alert-2")
    assert (first.output, again.output) == ("8", "16")
    assert first.execution_id != again.execution_id


async def test_restart_runs_the_same_orchestrator_with_the_same_input(hub: TaskHub) -> None:
    await hub.start_new("chain", instance_id="again", input_json=json.dumps("3"))
    await reach(hub, "again")
    other = await hub.restart("again")
    assert other != "again"
    assert (await reach(hub, other)).output == "24"
    assert await hub.restart("again", new_id=False) == "again"
    assert (await reach(hub, "again")).output == "24"


async def test_unknown_orchestrator_is_refused_by_name(hub: TaskHub) -> None:
    with pytest.raises(InvalidInput, match="no_such_flow"):
        await hub.start_new("no_such_flow")


async def test_purge_removes_finished_instances_only(hub: TaskHub) -> None:
    running = await hub.start_new("approval", input_json=json.dumps("14400"))
    ended = await hub.start_new("chain", input_json=json.dumps("1"))
    await reach(hub, ended)
    assert [await hub.purge(running), await hub.purge(ended)] == [0, 1]
    assert [one.instance_id for one in await hub.list_statuses()] == [running]


async def test_activity_result_of_any_json_survives_unchanged(hub: TaskHub) -> None:
    value = {"nul": "\x00", "surrogate": "\ud800", "text": "Zoë 例", "big": 2**70, "deep": [[[{"a": None}]]]}
    assert await run(hub, "mirror", value) == value


async def test_instance_without_a_version_of_its_own_gets_the_default_one(make_hub: MakeHub) -> None:
    hub = await make_hub(options=DurableOptions(default_version="1.1"))
    versions = {}
    for version in (None, "2.0"):
        instance_id = await hub.start_new("chain", input_json=json.dumps("1"), version=version)
        await reach(hub, instance_id)
        versions[version] = (await hub.get_history(instance_id))[1]["Version"]
    assert versions == {None: "1.1", "2.0": "2.0"}


@pytest.mark.parametrize("where", ["result", "input", "output", "next input", "status"])
async def test_payload_over_the_limit_fails_the_instance_with_the_limit_and_one_at_it_does_not(
    hub: TaskHub, where: str
) -> None:
    limit = 8_192 if where == "status" else 1_000_000
    around = {"next input": len('["", 0]')}.get(where, len('""'))  # what JSON puts around the text
    assert f"at most {16_384 if where == 'status' else limit}" in await failure(hub, "carries", [where, limit])
    assert await run(hub, "carries", [where, limit - around]) == ("x" * (limit - 2) if where == "output" else "carried")
