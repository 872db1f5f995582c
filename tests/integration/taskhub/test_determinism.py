"""Orchestrators whose code changed under a running or stored history."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import pytest
from azure.durable_functions.orchestrator import Orchestrator

from local.taskhub import Status, replay_differences
from local.taskhub.export import export_histories, read_history
from tests.integration.taskhub.conftest import SAMPLE_APP, UNTYPED_LOADS, MakeHub, reach, until
from tests.integration.taskhub.sdk_runner import SdkRunner

pytestmark = pytest.mark.filterwarnings(UNTYPED_LOADS)

type Flow = Generator[Any, Any, Any]


def original(context: df.DurableOrchestrationContext) -> Flow:
    first = yield context.call_activity("double", 1)
    yield context.wait_for_external_event("Go")
    return (yield context.call_activity("double", first))


def another_call_first(context: df.DurableOrchestrationContext) -> Flow:
    yield context.call_activity("echo", 1)
    return (yield from original(context))


def timer_instead(context: df.DurableOrchestrationContext) -> Flow:
    yield context.create_timer(context.current_utc_datetime)
    return (yield from original(context))


def nothing_at_all(context: df.DurableOrchestrationContext) -> Flow:
    return "done"
    yield


def no_wait(context: df.DurableOrchestrationContext) -> Flow:
    first = yield context.call_activity("double", 1)
    return (yield context.call_activity("double", first))


def other_input(context: df.DurableOrchestrationContext) -> Flow:
    yield context.call_activity("double", 2)
    yield context.wait_for_external_event("Go")
    return (yield context.call_activity("double", 2))


def other_output(context: df.DurableOrchestrationContext) -> Flow:
    yield from original(context)
    return "other"


def runner_with(flow: Callable[[df.DurableOrchestrationContext], Flow]) -> SdkRunner:
    runner = SdkRunner(SAMPLE_APP)
    runner.handles = {**runner.handles, "flow": Orchestrator.create(flow)}
    return runner


@pytest.mark.parametrize(
    ("changed", "then", "now"),
    [
        (another_call_first, "activity 'double' as task 0", "activity 'echo' as task 0"),
        (timer_instead, "activity 'double' as task 0", "a timer as task 0"),
        (nothing_at_all, "activity 'double' as task 0", "asks for nothing"),
    ],
)
async def test_changed_orchestrator_fails_its_running_instance_and_says_both_sides(
    make_hub: MakeHub, changed: Callable[[df.DurableOrchestrationContext], Flow], then: str, now: str
) -> None:
    before = await make_hub(runner=runner_with(original))
    instance_id = await before.start_new("flow")
    await before.suspend(instance_id)  # it is known to have run its first turn then
    await reach(before, instance_id, Status.SUSPENDED)
    await before.stop()
    after = await make_hub(runner=runner_with(changed))
    await after.resume(instance_id)
    ended = await reach(after, instance_id)
    assert ended.status is Status.FAILED
    assert "non-deterministic" in (ended.output or "")
    assert then in json.loads(ended.output or "")
    assert now in json.loads(ended.output or "")


async def stored_history(make_hub: MakeHub) -> list[dict[str, Any]]:
    hub = await make_hub(runner=runner_with(original))
    instance_id = await hub.start_new("flow")

    async def waits() -> bool:
        kinds = [item["EventType"] for item in await hub.get_history(instance_id)]
        return 5 in kinds and kinds[-1] == 13  # the activity has completed, and so has the turn that took its result

    await until(waits)
    await hub.raise_event(instance_id, "Go")
    await reach(hub, instance_id)
    return await hub.get_history(instance_id)


async def test_replay_of_unchanged_code_finds_no_difference(make_hub: MakeHub) -> None:
    assert replay_differences(await stored_history(make_hub), Orchestrator.create(original)) == []


@pytest.mark.parametrize(
    ("changed", "difference"),
    [
        (another_call_first, "turn 1: the history has #0 double(1); the code now decides #0 echo(1)"),
        (timer_instead, "turn 1: the history has #0 double(1); the code now decides #0 timer at"),
        (nothing_at_all, "turn 1: the history has #0 double(1); the code now decides nothing"),
        (no_wait, "turn 2: the history has no decision; the code now decides #1 double(2)"),
        (other_input, "turn 1: the history has #0 double(1); the code now decides #0 double(2)"),
        (other_output, "the history ended with 4; the code now ends with 'other'"),
    ],
)
async def test_replay_of_changed_code_names_the_first_difference(
    make_hub: MakeHub, changed: Callable[[df.DurableOrchestrationContext], Flow], difference: str
) -> None:
    found = replay_differences(await stored_history(make_hub), Orchestrator.create(changed))
    assert [one.startswith(difference) for one in found] == [True], found


async def test_exported_histories_replay_without_a_difference(
    make_hub: MakeHub, postgres_url: str, tmp_path: Path
) -> None:
    hub = await make_hub()
    for name, data in [
        ("chain", 1),
        ("retrying", {"key": "exported", "succeed_at": 9}),
        ("retrying_beside_others", None),
        ("parent_of_failing", None),
        ("approval", 0.05),
        ("countdown", 2),
        ("calls_entity", None),
    ]:
        await reach(hub, await hub.start_new(name, input_json=json.dumps(json.dumps(data))))
    written = await export_histories(url=postgres_url, hub=hub.name, module=SAMPLE_APP, into=tmp_path)
    assert len(written) == 7 + 2  # the failing children too
    for path in written:
        module, history = read_history(path)
        if "calls_entity" in path.name:
            assert (
                "call_entity is not offered"
                in replay_differences(history, SdkRunner(module).handles["calls_entity"])[0]
            )
        else:
            name = history[1]["Name"]
            assert replay_differences(history, SdkRunner(module).handles[name]) == [], path
