"""What an orchestrator has decided, read from its history and the action list that it returned.

The host goes through the list beside the history: it invokes an action, awaits it, and only then invokes the next. Each
task gets the next number when it is invoked. The SDK numbers its tasks by the same rule, so the numbers agree.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import IntEnum
from typing import Any

from local.taskhub.history import (
    COMPLETIONS,
    DECISIONS,
    FAILURES,
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


@dataclass
class Awaited:
    """What the host awaits before it goes on: one task, any of several or all; ``left`` of them have yet to end."""

    left: int = 1
    part_of: Awaited | None = None

    def ended(self) -> None:
        """One of them has ended, whether well or not."""
        self.left -= 1
        if self.left == 0 and self.part_of is not None:
            self.part_of.ended()


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
    awaited: Awaited
    fire_at: str | None = None
    retry: Retry | None = None

    def __str__(self) -> str:
        if self.kind is EventType.TIMER_CREATED:
            return "a timer"
        return f"{WORD[self.kind]} {self.action['functionName']!r}"


@dataclass
class Plan:
    """``new`` decisions, ``open`` tasks by id, and whether the host has ``come_to_the_end`` of the list."""

    new: list[Decision] = field(default_factory=list)
    open: dict[int, Decision] = field(default_factory=dict)
    cancelled: set[int] = field(default_factory=set)
    come_to_the_end: bool = False


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
        elif kind is EventType.EVENT_RAISED:
            walk.receive(item["Name"])
        elif kind in DECISIONS:
            walk.recorded.append(item)
    return walk.finish()


class _Walk:
    """The state of one pass over a history."""

    def __init__(self, actions: list[Action]) -> None:
        self.recorded: list[Event] = []
        self._plan = Plan()
        self._actions = deque(actions)
        self._made: list[Decision] = []  # by task id
        self._waits: defaultdict[str, deque[Awaited]] = defaultdict(deque)  # by event name
        self._early: Counter[str] = Counter()  # events that nobody waits for yet
        self._now = Awaited(left=0)
        self._go_on()

    def complete(self, item: Event, kind: EventType) -> None:
        """An answer arrived: close its task; a retry may decide what follows."""
        done = self._plan.open.pop(completed_task_id(item), None)
        if done is None:
            return
        retry = done.retry
        if retry is not None and kind in FAILURES:
            # The SDK waits for one more timer, of no delay, after the last attempt before it lets the error through.
            delay = 0 if retry.exhausted else int(retry.action["retryOptions"]["firstRetryIntervalInMilliseconds"])
            fire_at = stamp(moment(item["Timestamp"]) + timedelta(milliseconds=delay))
            self._make(EventType.TIMER_CREATED, {}, done.awaited, fire_at, replace(retry, waiting=True))
        elif retry is not None and retry.waiting and not retry.exhausted:
            again = Retry(retry.action, attempt=retry.attempt + 1)
            self._make(KIND[ActionType(retry.action["actionType"])], retry.action, done.awaited, retry=again)
        else:
            done.awaited.ended()
        self._go_on()

    def receive(self, name: str) -> None:
        """An event arrived: the oldest wait for its name takes it, else the next wait will."""
        if self._waits[name]:
            self._waits[name].popleft().ended()
            self._go_on()
        else:
            self._early[name] += 1

    def finish(self) -> Plan:
        """Compare the recorded decisions; what the history does not hold yet is new."""
        for item in self.recorded:
            task_id, kind = item["EventId"], EventType(item["EventType"])
            recorded = "a timer" if kind is EventType.TIMER_CREATED else f"{WORD[kind]} {item['Name']!r}"
            decision = self._made[task_id] if task_id < len(self._made) else None
            if str(decision) != recorded:
                now = "nothing" if decision is None else f"{decision} as task {decision.task_id}"
                raise NonDeterminism(
                    f"the history has {recorded} as task {task_id}, the code now asks for {now}. An orchestrator must "
                    "decide the same on every replay; if its code was changed, give it a new version or name"
                )
        known = {item["EventId"] for item in self.recorded}
        self._plan.new = [decision for decision in self._made if decision.task_id not in known]
        self._plan.come_to_the_end = self._now.left <= 0
        return self._plan

    def _go_on(self) -> None:
        while self._now.left <= 0 and self._actions:
            self._now = Awaited()
            self._invoke(self._actions.popleft(), self._now)

    def _invoke(self, action: Action, awaited: Awaited) -> None:
        kind = ActionType(action["actionType"])
        if kind in NOT_OFFERED:
            raise NotOffered(
                f"{NOT_OFFERED[kind]} is not offered by the local host: durable entities and durable HTTP "
                "need Azure; call an activity instead"
            )
        if kind in KIND:
            retry = Retry(action) if "retryOptions" in action else None
            self._make(KIND[kind], action, awaited, action.get("fireAt"), retry)
        elif kind in COMPOUND and action["compoundActions"]:
            parts = action["compoundActions"]
            group = Awaited(len(parts) if kind is ActionType.WHEN_ALL else 1, awaited)
            for part in parts:
                self._invoke(part, group)
        elif kind is ActionType.WAIT_FOR_EXTERNAL_EVENT and not self._early[action["externalEventName"]]:
            self._waits[action["externalEventName"]].append(awaited)
        else:
            if kind is ActionType.WAIT_FOR_EXTERNAL_EVENT:
                self._early[action["externalEventName"]] -= 1
            awaited.ended()

    def _make(
        self, kind: EventType, action: Action, awaited: Awaited, fire_at: str | None = None, retry: Retry | None = None
    ) -> None:
        """Number a task. A cancelled timer counts as ended; every other one stays open until its answer comes."""
        decision = Decision(len(self._made), kind, action, awaited, fire_at, retry)
        self._made.append(decision)
        if action.get("isCanceled"):
            self._plan.cancelled.add(decision.task_id)
            awaited.ended()
        else:
            self._plan.open[decision.task_id] = decision
