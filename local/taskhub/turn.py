"""One turn of one instance, without a store: messages and history in, everything that must be committed out."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from local.taskhub.decisions import ActionType, Decision, NonDeterminism, NotOffered, Plan, actions_of, decide
from local.taskhub.history import (
    COMPLETIONS,
    Event,
    EventType,
    completed_task_id,
    context_json,
    event,
)
from local.taskhub.instance import (
    FINISHED,
    Instance,
    Message,
    Status,
    checked_instance_id,
    checked_payload,
    checked_status,
)
from local.taskhub.runner import FunctionFailed, FunctionRunner
from shared.errors import InvalidInput

logger = logging.getLogger(__name__)

STATE_MARK = "$OutOfProcData$:"  # the SDK puts the state of a failed orchestrator behind this in the error message


@dataclass
class Execution:
    """An execution in memory: its history as dicts and as texts; ``plan`` is None until it was replayed once."""

    instance: Instance
    history: list[Event] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    plan: Plan | None = None

    def append(self, *events: Event) -> None:
        """Add events to the end of the history."""
        self.history.extend(events)
        self.texts.extend(json.dumps(item) for item in events)


@dataclass
class Turn:
    """What a turn changes. The history is new from ``first_event`` on; JSON texts as in Instance."""

    status: Status
    output: str | None
    custom_status: str | None
    first_event: int
    consumed: list[int] = field(default_factory=list)
    decided: dict[int, Decision] = field(default_factory=dict)
    cancelled: set[int] = field(default_factory=set)
    continue_with: str | None = None  # JSON text: the next execution's input

    @property
    def finished(self) -> bool:
        """Whether the instance ended in this turn."""
        return self.status in FINISHED

    def timers(self) -> dict[int, str]:
        """The new timers to arm: task id -> wire form of the moment."""
        return {
            task_id: made.fire_at
            for task_id, made in self.decided.items()
            if made.fire_at is not None and task_id not in self.cancelled
        }


async def take_turn(execution: Execution, messages: Sequence[Message], runner: FunctionRunner) -> Turn:
    """Feed the messages that the instance can take to its orchestrator; the rest stays in the inbox.

    As on the platform an event is in the history from its arrival on. An orchestrator must allow for what the SDK does
    with one that comes before its wait: it keeps the last of each name, and answers every later wait with it.
    """
    return await _TurnTaker(execution, messages, runner).run()


def orchestrator_state(failure: str) -> dict[str, Any] | None:
    """The state JSON inside the message of a failed orchestrator, None when the SDK itself broke."""
    _, mark, tail = failure.partition(STATE_MARK)
    if not mark:
        return None
    state: dict[str, Any] = json.JSONDecoder().raw_decode(tail.lstrip())[0]
    return state


class _TurnTaker:
    def __init__(self, execution: Execution, messages: Sequence[Message], runner: FunctionRunner) -> None:
        self._execution = execution
        self._instance = execution.instance
        self._runner = runner
        self._pending = list(messages)
        self._plan = execution.plan or Plan()
        instance = execution.instance
        self._turn = Turn(instance.status, instance.output, instance.custom_status, len(execution.texts))

    async def run(self) -> Turn:
        """Start if nothing ran yet, then batch after batch until no message can be taken."""
        turn = self._turn
        if not self._execution.history:
            turn.status = Status.RUNNING
            await self._episode([self._start_event()])
        elif self._execution.plan is None:
            await self._restore()
        while not turn.finished and turn.continue_with is None:
            batch = self._next_batch()
            if not batch:
                break
            if EventType(batch[0]["EventType"]) in COMPLETIONS | {EventType.EVENT_RAISED}:
                await self._episode(batch)
            else:
                self._control(batch[0])
        self._execution.plan = self._plan
        return turn

    def _start_event(self) -> Event:
        instance, parent = self._instance, self._instance.parent
        origin = parent and {
            "OrchestrationInstance": {"InstanceId": parent.instance_id, "ExecutionId": parent.execution_id.hex},
            "TaskScheduleId": parent.task_id,
        }
        identity = {"InstanceId": instance.instance_id, "ExecutionId": instance.execution_id.hex}
        return event(
            EventType.EXECUTION_STARTED,
            datetime.now(UTC),
            Name=instance.name,
            Version=instance.version,
            Input=instance.input,
            OrchestrationInstance=identity,
            ParentInstance=origin,
        )

    async def _restore(self) -> None:
        """The plan at the end of the stored history; what changed code decides on top waits for the next episode."""
        state = await self._invoke()
        if state is not None:
            self._decide(state)

    async def _episode(self, arrived: list[Event]) -> None:
        """Replay with the arrived events added, and record what the orchestrator decides."""
        self._execution.append(event(EventType.ORCHESTRATOR_STARTED, datetime.now(UTC)), *arrived)
        state = await self._invoke()
        if state is not None and self._decide(state):
            self._turn.decided.update({decision.task_id: decision for decision in self._plan.new})
            self._execution.append(*[_decision_event(decision, self._instance) for decision in self._plan.new])
            self._execution.append(event(EventType.ORCHESTRATOR_COMPLETED, datetime.now(UTC)))
            self._conclude(state)

    async def _invoke(self) -> dict[str, Any] | None:
        """The orchestrator's state; None when there is none, and then the instance has failed."""
        name = self._instance.name
        if name not in self._runner.orchestrators():
            self._fail(f"there is no orchestrator {name!r} in this app")
            return None
        try:
            state: dict[str, Any] = json.loads(
                await self._runner.run_orchestrator(name, context_json(self._execution.texts))
            )
        except FunctionFailed as failure:
            found = orchestrator_state(str(failure))
            if found is None:
                self._fail(str(failure))
            return found
        return state

    def _decide(self, state: dict[str, Any]) -> bool:
        """Bring the plan up to date; False when the instance failed over it."""
        actions = actions_of(state)
        try:
            plan = decide(self._execution.history, actions)
            self._refuse_impossible(plan)
            if state.get("customStatus") is not None:
                self._turn.custom_status = checked_status(state["customStatus"])
        except NonDeterminism as difference:
            self._fail(f"non-deterministic orchestrator: {difference}")
            return False
        except (NotOffered, InvalidInput) as refusal:
            self._fail(str(refusal))
            return False
        self._turn.cancelled |= plan.cancelled - self._plan.cancelled
        self._plan = plan
        return True

    def _refuse_impossible(self, plan: Plan) -> None:
        known = {
            EventType.TASK_SCHEDULED: self._runner.activities(),
            EventType.SUB_ORCHESTRATION_CREATED: self._runner.orchestrators(),
        }
        for decision in plan.new:
            names = known.get(decision.kind)
            if names is not None and decision.action["functionName"] not in names:
                raise NotOffered(f"it asks for {decision}, and there is none in this app")
            checked_payload(decision.action.get("input") or "", field=f"input of {decision}")
            if decision.kind is EventType.SUB_ORCHESTRATION_CREATED:
                checked_instance_id(child_id(self._instance, decision))

    def _conclude(self, state: dict[str, Any]) -> None:
        """End the execution when the code has ended; as on the platform, an open task keeps it running, and so does
        an action that the host still awaits when the code has gone on without it.
        """
        if self._plan.open or not self._plan.come_to_the_end:
            return
        actions = actions_of(state)
        if state.get("error"):
            self._fail(state["error"])
            return
        if not state["isDone"]:
            return
        try:
            if actions and actions[-1]["actionType"] == ActionType.CONTINUE_AS_NEW:
                self._turn.continue_with = json.dumps(checked_payload(actions[-1]["input"], field="input"))
            else:
                checked_payload(json.dumps(state.get("output")), field="output")
                self._end(Status.COMPLETED, state.get("output"), EventType.EXECUTION_COMPLETED)
        except InvalidInput as refusal:
            self._fail(str(refusal))

    def _next_batch(self) -> list[Event]:
        """The next events that can be fed together, in the order of arrival: none but commands while suspended."""
        batch: list[Event] = []
        left: list[Message] = []
        suspended = self._turn.status is Status.SUSPENDED
        answered: set[int] = set()
        for position, message in enumerate(self._pending):
            kind = EventType(message.event["EventType"])
            if kind in COMPLETIONS and not self._answers(message, answered):
                self._turn.consumed.append(message.message_id)
                continue
            control = kind not in COMPLETIONS and kind is not EventType.EVENT_RAISED
            if control and batch:
                left += self._pending[position:]
                break
            if suspended and not control:
                left.append(message)
                continue
            if kind in COMPLETIONS:
                answered.add(completed_task_id(message.event))
            self._turn.consumed.append(message.message_id)
            batch.append(message.event)
            if control:
                left += self._pending[position + 1 :]
                break
        self._pending = left
        return batch

    def _answers(self, message: Message, answered: set[int]) -> bool:
        """Whether a completion belongs to this execution and to a task that is still open."""
        task_id = completed_task_id(message.event)
        return (
            message.execution_id == self._instance.execution_id
            and task_id in self._plan.open
            and task_id not in answered
        )

    def _control(self, command: Event) -> None:
        kind = EventType(command["EventType"])
        if kind is EventType.EXECUTION_TERMINATED:
            self._end(Status.TERMINATED, command["Input"], kind)
            return
        self._execution.append(command)
        self._turn.status = Status.SUSPENDED if kind is EventType.EXECUTION_SUSPENDED else Status.RUNNING

    def _fail(self, reason: str) -> None:
        message = f"Orchestrator function '{self._instance.name}' failed: {reason}"
        self._end(Status.FAILED, message, EventType.EXECUTION_FAILED)

    def _end(self, status: Status, output: Any, kind: EventType) -> None:
        self._turn.status = status
        self._turn.output = None if output is None else json.dumps(output)
        self._execution.append(
            event(kind, datetime.now(UTC), OrchestrationStatus=status.value, Result=self._turn.output)
        )


def _decision_event(decision: Decision, instance: Instance) -> Event:
    at, action = datetime.now(UTC), decision.action
    if decision.kind is EventType.TIMER_CREATED:
        return event(decision.kind, at, decision.task_id, FireAt=decision.fire_at)
    named = {"Name": action["functionName"], "Version": action.get("version") or "", "Input": action.get("input")}
    if decision.kind is EventType.SUB_ORCHESTRATION_CREATED:
        named["InstanceId"] = child_id(instance, decision)
    return event(decision.kind, at, decision.task_id, **named)


def child_id(instance: Instance, decision: Decision) -> str:
    """The id of a sub-orchestration: the caller's, or one of its own for every attempt of every execution."""
    return decision.action.get("instanceId") or f"{instance.execution_id.hex}:{decision.task_id:x}"
