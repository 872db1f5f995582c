"""A function app whose orchestrators use every durable feature of the local host, and some that it does not have."""

from __future__ import annotations

import json
from collections.abc import Generator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df

type Flow = Generator[Any, Any, Any]

blueprint = df.Blueprint()
CALLS: list[tuple[str, Any]] = []  # every activity that ran in this process: name, input


def event_data(received: Any) -> Any:
    """The SDK's client encodes event data twice."""
    return json.loads(received) if isinstance(received, str) else received


@blueprint.activity_trigger(input_name="payload")
def double(payload: int) -> int:
    CALLS.append(("double", payload))
    return payload * 2


@blueprint.activity_trigger(input_name="payload")
def fail_until(payload: dict[str, Any]) -> str:
    """Fails until it was called ``succeed_at`` times with this key."""
    CALLS.append(("fail_until", payload["key"]))
    calls = CALLS.count(("fail_until", payload["key"]))
    if calls < payload["succeed_at"]:
        raise ValueError(f"attempt {calls} refused")
    return f"done at attempt {calls}"


@blueprint.orchestration_trigger(context_name="context")
def chain(context: df.DurableOrchestrationContext) -> Flow:
    value = context.get_input()
    for _ in range(3):
        value = yield context.call_activity("double", value)
        context.set_custom_status({"value": value})
    return value


@blueprint.orchestration_trigger(context_name="context")
def fan_out(context: df.DurableOrchestrationContext) -> Flow:
    results = yield context.task_all([context.call_activity("double", n) for n in range(context.get_input())])
    return sum(results)


@blueprint.orchestration_trigger(context_name="context")
def long_chain(context: df.DurableOrchestrationContext) -> Flow:
    first = yield context.call_activity("double", 1)
    parts = yield context.task_all([context.call_activity("double", n) for n in range(4)])
    for n in range(10):
        first = yield context.call_activity("double", n)
    return first + sum(parts)


@blueprint.orchestration_trigger(context_name="context")
def retrying(context: df.DurableOrchestrationContext) -> Flow:
    options = df.RetryOptions(first_retry_interval_in_milliseconds=20, max_number_of_attempts=3)
    wanted = context.get_input()
    try:
        outcome = yield context.call_activity_with_retry("fail_until", options, wanted)
    except Exception as error:
        outcome = f"gave up: {error}"
    last = yield context.call_activity("double", 21)
    return [outcome, last]


@blueprint.orchestration_trigger(context_name="context")
def retrying_beside_others(context: df.DurableOrchestrationContext) -> Flow:
    """Retries and plain calls finish in any order; the ids must agree all the same."""
    options = df.RetryOptions(first_retry_interval_in_milliseconds=5, max_number_of_attempts=3)
    key = context.instance_id
    calls = [
        context.call_activity_with_retry("fail_until", options, {"key": f"{key}-{n}", "succeed_at": 1 + n % 3})
        for n in range(6)
    ]
    first = yield context.task_any([context.call_activity("double", 4), *calls])
    after = yield context.call_activity("double", 5)
    rest = yield context.task_all(calls)
    return [first is not None, after, rest]


@blueprint.orchestration_trigger(context_name="context")
def approval(context: df.DurableOrchestrationContext) -> Flow:
    timer = context.create_timer(context.current_utc_datetime + timedelta(seconds=context.get_input()))
    decision = context.wait_for_external_event("Approval")
    winner = yield context.task_any([decision, timer])
    if winner is timer:
        return "expired"
    timer.cancel()
    return event_data(decision.result)


@blueprint.orchestration_trigger(context_name="context")
def collect(context: df.DurableOrchestrationContext) -> Flow:
    """Waits for the event ``Go``, then takes as many ``Item`` events as asked for."""
    yield context.wait_for_external_event("Go")
    items = []
    for _ in range(context.get_input()):
        items.append(event_data((yield context.wait_for_external_event("Item"))))
    return items


@blueprint.orchestration_trigger(context_name="context")
def waits_once_a_generation(context: df.DurableOrchestrationContext) -> Flow:
    """Waits for ``Again`` as often as asked for, each time with a history of its own."""
    left = int(context.get_input())
    yield context.wait_for_external_event("Again")
    if left > 1:
        context.continue_as_new(left - 1)
        return None
    return "done"


@blueprint.orchestration_trigger(context_name="context")
def parent(context: df.DurableOrchestrationContext) -> Flow:
    return (
        yield context.task_all(
            [
                context.call_sub_orchestrator("chain", 1),
                context.call_sub_orchestrator("chain", 2, f"{context.instance_id}-named"),
            ]
        )
    )


@blueprint.orchestration_trigger(context_name="context")
def parent_of_failing(context: df.DurableOrchestrationContext) -> Flow:
    options = df.RetryOptions(first_retry_interval_in_milliseconds=5, max_number_of_attempts=2)
    try:
        yield context.call_sub_orchestrator_with_retry("failing", options, "child broke")
    except Exception as error:
        return str(error)
    return "no error"


@blueprint.orchestration_trigger(context_name="context")
def failing(context: df.DurableOrchestrationContext) -> Flow:
    yield context.call_activity("double", 1)
    raise ValueError(context.get_input())


@blueprint.orchestration_trigger(context_name="context")
def countdown(context: df.DurableOrchestrationContext) -> Flow:
    left = context.get_input()
    yield context.call_activity("double", left)
    if left == 0:
        return "landed"
    context.continue_as_new(left - 1)
    return None


@blueprint.orchestration_trigger(context_name="context")
def calls_entity(context: df.DurableOrchestrationContext) -> Flow:
    return (yield context.call_entity(df.EntityId("counter", "one"), "get"))


@blueprint.orchestration_trigger(context_name="context")
def calls_http(context: df.DurableOrchestrationContext) -> Flow:
    return (yield context.call_http("GET", "http://127.0.0.1/"))


@blueprint.orchestration_trigger(context_name="context")
def calls_nothing(context: df.DurableOrchestrationContext) -> Flow:
    return (yield context.call_activity("not_there", None))


@blueprint.orchestration_trigger(context_name="context")
def signals_entity(context: df.DurableOrchestrationContext) -> Flow:
    context.signal_entity(df.EntityId("counter", "one"), "add", 1)
    yield context.call_activity("double", 1)


@blueprint.orchestration_trigger(context_name="context")
def forgets_timer(context: df.DurableOrchestrationContext) -> Flow:
    timer = context.create_timer(context.current_utc_datetime + timedelta(hours=4))
    yield context.task_any([timer, context.call_activity("double", 1)])
    return "done"


@blueprint.activity_trigger(input_name="payload")
def echo(payload: Any) -> Any:
    return payload


@blueprint.orchestration_trigger(context_name="context")
def mirror(context: df.DurableOrchestrationContext) -> Flow:
    return (yield context.call_activity("echo", context.get_input()))


@blueprint.orchestration_trigger(context_name="context")
def names_child_badly(context: df.DurableOrchestrationContext) -> Flow:
    return (yield context.call_sub_orchestrator("chain", 1, "a\x00b"))


@blueprint.activity_trigger(input_name="payload")
def fill(payload: int) -> str:
    return "x" * payload


@blueprint.orchestration_trigger(context_name="context")
def carries(context: df.DurableOrchestrationContext) -> Flow:
    """Puts a text of the given length where the input says."""
    where, length = context.get_input()
    text = "x" * length
    if where == "status":
        context.set_custom_status(text)
    yield context.call_activity("double", 1)
    if where == "result":
        yield context.call_activity("fill", length)
    if where == "input":
        yield context.call_activity("echo", text)
    if where == "next input":
        context.continue_as_new([text, 0])
    return text if where == "output" else "carried"


@blueprint.orchestration_trigger(context_name="context")
def makes_up_for_a_failure(context: df.DurableOrchestrationContext) -> Flow:
    failing = context.call_activity("fail_until", {"key": context.instance_id, "succeed_at": 9})
    try:
        yield context.task_all([failing, context.wait_for_external_event("Other")])
    except Exception:
        return (yield context.call_activity("double", 4))


@blueprint.orchestration_trigger(context_name="context")
def waits_beside_a_second_timer(context: df.DurableOrchestrationContext) -> Flow:
    event = context.wait_for_external_event("Go")
    yield context.task_any([event, context.create_timer(context.current_utc_datetime)])
    yield context.task_any([event, context.create_timer(context.current_utc_datetime + timedelta(hours=4))])
    return (yield context.call_activity("double", 1))
