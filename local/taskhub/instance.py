"""An orchestration instance as the hub keeps it, and the limits on the names that callers choose."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from local.taskhub.history import Event
from shared.errors import InvalidInput

# The strictest of the platform's backends (Durable Task Scheduler): at most 100 printable ASCII characters; the
# storage backend also forbids / \ # ? and a leading @, which marks entities.
INSTANCE_ID = re.compile(r"(?!@)(?:(?![/\\#?])[\x21-\x7e]){1,100}")
EVENT_NAME = re.compile(r"[^\x00-\x1f\x7f/\\#?\ud800-\udfff]{1,256}")
PAYLOAD_LIMIT = 1_000_000  # bytes of one input, result, output or event, as in Durable Task Scheduler
STATUS_LIMIT = 16 * 1024  # bytes of a custom status as JSON in UTF-16: the extension measures it so


class Status(StrEnum):
    """Runtime status, in the platform's words."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUSPENDED = "Suspended"
    COMPLETED = "Completed"
    FAILED = "Failed"
    TERMINATED = "Terminated"


FINISHED = frozenset({Status.COMPLETED, Status.FAILED, Status.TERMINATED})


@dataclass(frozen=True)
class Parent:
    """The task of another instance that waits for this one."""

    instance_id: str
    execution_id: UUID
    task_id: int


@dataclass(frozen=True)
class Instance:
    """One execution of an orchestrator. ``input``, ``output`` and ``custom_status`` are JSON texts."""

    instance_id: str
    execution_id: UUID
    name: str
    version: str
    status: Status
    input: str | None
    output: str | None
    custom_status: str | None
    parent: Parent | None
    revision: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class Message:
    """An event on its way to an instance; ``execution_id`` is None when any execution may take it."""

    message_id: int
    execution_id: UUID | None
    event: Event


@dataclass(frozen=True)
class Activity:
    """An activity that was decided and has no result yet. ``input`` is a JSON text."""

    instance_id: str
    execution_id: UUID
    task_id: int
    name: str
    input: str | None


@dataclass(frozen=True)
class NewInstance:
    """A request to start an orchestration."""

    instance_id: str
    execution_id: UUID
    name: str
    version: str
    input: str | None
    parent: Parent | None = None


@dataclass(frozen=True)
class InstanceFilter:
    """Which instances a list or a purge means; an empty field restricts nothing. Times are aware."""

    created_from: datetime | None = None
    created_to: datetime | None = None
    statuses: frozenset[Status] = frozenset()
    id_prefix: str = ""


def checked_instance_id(text: str) -> str:
    """The id itself, or InvalidInput when no backend of the platform would take it."""
    if not INSTANCE_ID.fullmatch(text):
        raise InvalidInput(
            "instance id",
            got=text,
            expected="1 to 100 printable ASCII characters without space, / \\ # ?, not beginning with @",
            hint="Derive a UUID from the name that you have.",
        )
    return text


def checked_event_name(text: str) -> str:
    """The name itself, or InvalidInput."""
    if not EVENT_NAME.fullmatch(text):
        raise InvalidInput(
            "event name", got=text, expected="1 to 256 characters without control characters and / \\ # ?"
        )
    return text


def checked_payload(text: str, *, field: str) -> str:
    """The text itself, or InvalidInput when it is larger than the platform would carry."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > PAYLOAD_LIMIT:
        raise InvalidInput(
            field, got=f"{size} bytes", expected=f"at most {PAYLOAD_LIMIT}", hint="Store it and send its address."
        )
    return text


def checked_status(status: object) -> str:
    """The JSON text of a custom status, or InvalidInput when the platform would refuse it."""
    size = len(json.dumps(status, ensure_ascii=False, separators=(",", ":")).encode("utf-16-le", "surrogatepass"))
    if size > STATUS_LIMIT:
        raise InvalidInput("custom status", got=f"{size} bytes", expected=f"at most {STATUS_LIMIT} in UTF-16")
    return json.dumps(status)
