"""Replays a stored history against today's code: does the orchestrator still decide what it decided then?"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from local.taskhub.decisions import ActionType, Decision, NonDeterminism, NotOffered, actions_of, decide
from local.taskhub.history import DECISIONS, ENDINGS, Event, EventType, context_json
from local.taskhub.turn import orchestrator_state


def replay_differences(history: list[Event], run: Callable[[str], str]) -> list[str]:
    """Feed the history to ``run`` (context JSON to state JSON, as the SDK's handle) turn by turn.

    Returns one sentence per difference, [] when the code decides the same. It stops at the first turn that differs,
    because what follows would be compared with the wrong state.
    """
    past: list[Event] = []
    state: dict[str, Any] = {}
    for number, (given, recorded) in enumerate(_turns(history), start=1):
        past += given
        try:
            state = _run(run, past)
            new = decide(past, actions_of(state)).new
        except (NonDeterminism, NotOffered) as difference:
            return [f"turn {number}: {difference}"]
        differences = _compare(recorded, new)
        if differences:
            return [f"turn {number}: {difference}" for difference in differences]
        past += recorded
    return _compare_ending(history, state)


def _turns(history: list[Event]) -> list[tuple[list[Event], list[Event]]]:
    """Per turn of the orchestrator: the events it was given and the decisions it made."""
    turns: list[tuple[list[Event], list[Event]]] = []
    for item in history:
        kind = EventType(item["EventType"])
        if kind is EventType.ORCHESTRATOR_STARTED:
            turns.append(([], []))
        if kind not in ENDINGS and turns:
            turns[-1][kind in DECISIONS].append(item)
    return turns


def _run(run: Callable[[str], str], past: list[Event]) -> dict[str, Any]:
    try:
        state: dict[str, Any] = json.loads(run(context_json([json.dumps(item) for item in past])))
    except Exception as failure:  # the SDK reports a failed orchestrator by a bare Exception
        found = orchestrator_state(str(failure))
        if found is None:
            raise
        return found
    return state


def _compare(recorded: list[Event], new: list[Decision]) -> list[str]:
    then = [_recorded_words(item) for item in recorded]
    now = [_words(decision) for decision in new]
    if then == now:
        return []
    return [f"the history has {', '.join(then) or 'no decision'}; the code now decides {', '.join(now) or 'nothing'}"]


def _recorded_words(item: Event) -> str:
    if item["EventType"] == EventType.TIMER_CREATED:
        return f"#{item['EventId']} timer at {item['FireAt']}"
    return f"#{item['EventId']} {item['Name']}({item['Input']})"


def _words(decision: Decision) -> str:
    if decision.kind is EventType.TIMER_CREATED:
        return f"#{decision.task_id} timer at {decision.fire_at}"
    return f"#{decision.task_id} {decision.action['functionName']}({decision.action.get('input')})"


def _compare_ending(history: list[Event], state: dict[str, Any]) -> list[str]:
    last = history[-1]
    kind = EventType(last["EventType"])
    if kind is EventType.EXECUTION_COMPLETED:
        then = None if last["Result"] is None else json.loads(last["Result"])
        actions = actions_of(state)
        if actions and actions[-1]["actionType"] == ActionType.CONTINUE_AS_NEW:
            return ["the history ended; the code now continues as new"]
        if not state["isDone"]:
            return ["the history ended; the code now goes on"]
        if state.get("output") != then:
            return [f"the history ended with {then!r}; the code now ends with {state.get('output')!r}"]
    elif kind is EventType.EXECUTION_FAILED and "error" not in state:
        return [f"the history ended with the failure {last['Result']}; the code now does not fail"]
    return []
