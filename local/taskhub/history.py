"""History events and the context JSON of the Durable Functions protocol (DurableTask.Core's names and numbers).

An event is a dict as it travels: EventType, EventId, IsPlayed, Timestamp and the fields of its type.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

type Event = dict[str, Any]

NO_ID = -1  # the EventId of every event that is not a decision of the orchestrator


class EventType(IntEnum):
    """The event types that this hub writes or accepts."""

    EXECUTION_STARTED = 0
    EXECUTION_COMPLETED = 1
    EXECUTION_FAILED = 2
    EXECUTION_TERMINATED = 3
    TASK_SCHEDULED = 4
    TASK_COMPLETED = 5
    TASK_FAILED = 6
    SUB_ORCHESTRATION_CREATED = 7
    SUB_ORCHESTRATION_COMPLETED = 8
    SUB_ORCHESTRATION_FAILED = 9
    TIMER_CREATED = 10
    TIMER_FIRED = 11
    ORCHESTRATOR_STARTED = 12
    ORCHESTRATOR_COMPLETED = 13
    EVENT_RAISED = 15
    EXECUTION_SUSPENDED = 19
    EXECUTION_RESUMED = 20


SUCCESSES = frozenset({EventType.TASK_COMPLETED, EventType.SUB_ORCHESTRATION_COMPLETED})
FAILURES = frozenset({EventType.TASK_FAILED, EventType.SUB_ORCHESTRATION_FAILED})
COMPLETIONS = SUCCESSES | FAILURES | {EventType.TIMER_FIRED}
DECISIONS = frozenset({EventType.TASK_SCHEDULED, EventType.SUB_ORCHESTRATION_CREATED, EventType.TIMER_CREATED})
ENDINGS = frozenset({EventType.EXECUTION_COMPLETED, EventType.EXECUTION_FAILED, EventType.EXECUTION_TERMINATED})


def stamp(moment: datetime) -> str:
    """The wire form of an aware datetime: UTC, microseconds, a trailing Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime:
    """The aware datetime of a wire form."""
    return datetime.fromisoformat(text)


def event(kind: EventType, at: datetime, event_id: int = NO_ID, **fields: Any) -> Event:
    """One history event at an aware datetime; ``fields`` carry the protocol's PascalCase names."""
    return {"EventType": int(kind), "EventId": event_id, "IsPlayed": False, "Timestamp": stamp(at), **fields}


def completed_task_id(completion: Event) -> int:
    """The id of the decision that a completion event answers."""
    field = "TimerId" if completion["EventType"] == EventType.TIMER_FIRED else "TaskScheduledId"
    return int(completion[field])


def context_json(history_json: list[str]) -> str:
    """The orchestration trigger's context: the history (JSON texts of its events) and what its start event says.

    The input goes out as a text that holds JSON, which is what the SDK's ``get_input`` parses.
    """
    started = json.loads(history_json[1])
    value = None if started["Input"] is None else json.loads(started["Input"])
    parent = started["ParentInstance"]
    head = json.dumps(
        {
            "input": value if value is None or isinstance(value, str) else started["Input"],
            "instanceId": started["OrchestrationInstance"]["InstanceId"],
            "isReplaying": False,
            "parentInstanceId": parent and parent["OrchestrationInstance"]["InstanceId"],
            "upperSchemaVersion": 1,
            "upperSchemaVersionNew": 2,
            "defaultHttpAsyncRequestSleepTimeMillseconds": 30000,
        }
    )
    return f'{head[:-1]}, "history": [{",".join(history_json)}]}}'
