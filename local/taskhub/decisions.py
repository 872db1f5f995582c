"""What an orchestrator has decided, read from its history and the action list that it returned.

The SDK numbers its tasks in the order in which it schedules them: first what a retry schedules by itself when an
event arrives, then the actions that the code yields. ``decide`` walks the history in that order, so the ids agree.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import IntEnum
from typing import Any

from local.taskhub.history import (
    COMPLETIONS,
    DECISIONS,
    FAILURES,
    SUCCESSES,
    Event,
    EventType,
    completed_task_id,
    moment,
    stamp,
)
from shared.errors import Terminal

type Action = dict[str, Any]


class NonDeterminism(Terminal):
    """The orchestrator's code no longer decides what its history says it decided."""


class NotOffered(Terminal):
    """The orchestrator asked for something that this host does not have."""


class ActionType(IntEnum):
    """The action numbers of the out-of-process protocol."""

    CALL_ACTIVITY = 0
    CALL_ACTIVITY_WITH_RETRY = 1
    CALL_SUB_ORCHESTRATOR = 2
    CALL_SUB_ORCHESTRATOR_WITH_RETRY = 3
    CONTINUE_AS_NEW = 4
    CREATE_TIMER = 5
    WAIT_FOR_EXTERNAL_EVENT = 6
    CALL_ENTITY = 7
    CALL_HTTP = 8
    SIGNAL_ENTITY = 9
    WHEN_ANY = 11
    WHEN_ALL = 12


COMPOUND = frozenset({ActionType.WHEN_ANY, ActionType.WHEN_ALL})
NOT_OFFERED = {
    ActionType.CALL_ENTITY: "call_entity",
    ActionType.CALL_HTTP: "call_http",
    ActionType.SIGNAL_ENTITY: "signal_entity",
}
KIND = {
    ActionType.CALL_ACTIVITY: EventType.TASK_SCHEDULED,
    ActionType.CALL_ACTIVITY_WITH_RETRY: EventType.TASK_SCHEDULED,
    ActionType.CALL_SUB_ORCHESTRATOR: EventType.SUB_ORCHESTRATION_CREATED,
    ActionType.CALL_SUB_ORCHESTRATOR_WITH_RETRY: EventType.SUB_ORCHESTRATION_CREATED,
    ActionType.CREATE_TIMER: EventType.TIMER_CREATED,
}
WORD = {
    EventType.TASK_SCHEDULED: "activity",
    EventType.SUB_ORCHESTRATION_CREATED: "sub-orchestration",
    EventType.TIMER_CREATED: "timer",
}


@dataclass(frozen=True)
class Retry:
    """A retried call: its action, which attempt runs, and whether its timer runs instead."""

    action: Action
    attempt: int = 1
    waiting: bool = False

    @property
    def exhausted(self) -> bool:
        """Whether no attempt is left."""
        return self.attempt >= int(self.action["retryOptions"]["maxNumberOfAttempts"])


@dataclass(frozen=True)
class Decision:
    """One numbered task: an activity, a sub-orchestration or a timer."""

    task_id: int
    kind: EventType
    action: Action
    fire_at: str | None = None
    retry: Retry | None = None

    def __str__(self) -> str:
        if self.kind is EventType.TIMER_CREATED:
            return "a timer"
        return f"{WORD[self.kind]} {self.action['functionName']!r}"


@dataclass
class Plan:
    """The outcome of a walk: ``new`` decisions and ``open`` tasks by id.

    Waits for events are no tasks: the history has an event from its arrival on, waited for or not.
    """

    new: list[Decision] = field(default_factory=list)
    open: dict[int, Decision] = field(default_factory=dict)
    cancelled: set[int] = field(default_factory=set)


def actions_of(state: dict[str, Any]) -> list[Action]:
    """The action list in an orchestrator's state: everything that its code yielded since the start."""
    lists: list[list[Action]] = state["actions"]
    return lists[0] if lists else []


def decide(history: list[Event], actions: list[Action]) -> Plan:
    """Match the history with the actions that the code returned for it.

    Raises NonDeterminism where the two differ and NotOffered for entities and durable HTTP.
    """
    walk = _Walk(actions)
    for item in history:
        kind = EventType(item["EventType"])
        if kind in COMPLETIONS:
            walk.complete(item, kind)
        elif kind in DECISIONS:
            walk.confirm(item, kind)
    return walk.finish()


def _leaves(actions: list[Action]) -> Iterator[Action]:
    """The numbered calls among the actions, in scheduling order."""
    for action in actions:
        kind = action["actionType"]
        if kind in COMPOUND:
            yield from _leaves(action["compoundActions"])
        elif kind in NOT_OFFERED:
            raise NotOffered(
                f"{NOT_OFFERED[ActionType(kind)]} is not offered by the local host: durable entities and durable HTTP "
                "need Azure; call an activity instead"
            )
        elif kind in KIND:
            yield action


class _Walk:
    """The state of one pass over a history."""

    def __init__(self, actions: list[Action]) -> None:
        self.plan = Plan()
        self._leaves = deque(_leaves(actions))
        self._follow_ups: deque[Decision] = deque()
        self._next_id = 0

    def complete(self, item: Event, kind: EventType) -> None:
        """An answer arrived: close its task; a retry may decide what follows."""
        done = self.plan.open.pop(completed_task_id(item), None)
        if done is None or done.retry is None or kind in SUCCESSES:
            return
        retry = done.retry
        if kind in FAILURES:
            # The SDK waits for one more timer, of no delay, after the last attempt before it lets the error through.
            delay = 0 if retry.exhausted else int(retry.action["retryOptions"]["firstRetryIntervalInMilliseconds"])
            fire_at = stamp(moment(item["Timestamp"]) + timedelta(milliseconds=delay))
            self._follow(EventType.TIMER_CREATED, {}, fire_at=fire_at, retry=replace(retry, waiting=True))
        elif retry.waiting and not retry.exhausted:
            again = Retry(retry.action, attempt=retry.attempt + 1)
            self._follow(KIND[ActionType(retry.action["actionType"])], retry.action, retry=again)

    def confirm(self, item: Event, kind: EventType) -> None:
        """The history holds a decision: the code must have decided the same."""
        decision = self._take()
        recorded = "a timer" if kind is EventType.TIMER_CREATED else f"{WORD[kind]} {item['Name']!r}"
        if decision is None or str(decision) != recorded or decision.task_id != item["EventId"]:
            now = "nothing" if decision is None else f"{decision} as task {decision.task_id}"
            raise NonDeterminism(
                f"the history has {recorded} as task {item['EventId']}, the code now asks for {now}. An orchestrator "
                "must decide the same on every replay; if its code was changed, give it a new version or name"
            )
        self._settle(decision)

    def finish(self) -> Plan:
        """Everything the history does not hold yet is new."""
        while decision := self._take():
            self.plan.new.append(decision)
            self._settle(decision)
        return self.plan

    def _follow(self, kind: EventType, action: Action, *, fire_at: str | None = None, retry: Retry) -> None:
        self._follow_ups.append(Decision(self._allocate(), kind, action, fire_at, retry))

    def _take(self) -> Decision | None:
        if self._follow_ups:
            return self._follow_ups.popleft()
        if not self._leaves:
            return None
        action = self._leaves.popleft()
        retry = Retry(action) if "retryOptions" in action else None
        return Decision(self._allocate(), KIND[ActionType(action["actionType"])], action, action.get("fireAt"), retry)

    def _settle(self, decision: Decision) -> None:
        """A cancelled timer counts as answered; every other task stays open until its answer comes."""
        if decision.action.get("isCanceled"):
            self.plan.cancelled.add(decision.task_id)
        else:
            self.plan.open[decision.task_id] = decision

    def _allocate(self) -> int:
        self._next_id, taken = self._next_id + 1, self._next_id
        return taken
