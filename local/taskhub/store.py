"""The task hub's state in PostgreSQL. A method is one transaction; an unreachable server raises StoreUnavailable."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from local.taskhub.history import Event, EventType, event, moment, stamp
from local.taskhub.instance import (
    Activity,
    Instance,
    InstanceFilter,
    Message,
    NewInstance,
    Parent,
    Status,
)
from local.taskhub.statements import SCHEMA, STATEMENTS
from local.taskhub.turn import Execution, Turn, child_id
from shared.errors import Conflict, StoreUnavailable

type Connection = AsyncConnection[DictRow]

CONNECT_SECONDS = 10  # how long a call waits for a connection before the server counts as unavailable
# Two hosts that create the tables at the same moment would collide in the catalogue.
SCHEMA_LOCK: LiteralString = "SELECT pg_advisory_xact_lock(hashtextextended('taskhub schema', 0))"


class Store:
    """The rows of one hub. ``open`` before use."""

    def __init__(self, *, url: str, hub: str, connections: int) -> None:
        self._hub = hub
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=connections,
            timeout=CONNECT_SECONDS,
            open=False,
            kwargs={"row_factory": dict_row, "autocommit": True},
        )

    async def open(self) -> None:
        """Connect and create the tables that are missing."""
        # psycopg would report every failed attempt of an outage, which the hub reports once.
        logging.getLogger("psycopg").setLevel(logging.ERROR)
        await self._pool.open()
        async with self._transaction() as connection:
            await connection.execute(SCHEMA_LOCK)
            await connection.execute(SCHEMA)

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()

    async def find(self, instance_id: str) -> Instance | None:
        """The instance, None when there is none."""
        rows = await self._rows("find", instance_id=instance_id)
        return _instance(rows[0]) if rows else None

    async def find_all(self, wanted: InstanceFilter) -> list[Instance]:
        """The instances that match, oldest first."""
        return [_instance(row) for row in await self._rows("list", **_filter(wanted))]

    async def purge(self, wanted: InstanceFilter, *, instance_id: str | None = None) -> list[str]:
        """Delete the finished instances that match and all that belongs to them; returns their ids."""
        return _ids(await self._rows("purge", instance_id=instance_id, **_filter(wanted)))

    async def execution(self, instance: Instance) -> Execution:
        """The instance with its history, oldest event first."""
        texts = [row["event"] for row in await self._rows("history", instance_id=instance.instance_id)]
        return Execution(instance, [json.loads(text) for text in texts], texts)

    async def inbox(self, instance_id: str) -> list[Message]:
        """The events that wait for the instance, in the order of arrival."""
        rows = await self._rows("inbox", instance_id=instance_id)
        return [Message(row["message_id"], row["execution_id"], json.loads(row["event"])) for row in rows]

    async def create(self, new: NewInstance) -> bool:
        """Create a pending instance, in place of a finished one of that id; False when that id still runs."""
        async with self._transaction() as connection:
            return await self._create(connection, new)

    async def send(self, instance_id: str, message: Event) -> bool:
        """Put an event into the inbox; False when the instance is unknown or finished."""
        sent = await self._rows("send", instance_id=instance_id, execution_id=None, event=json.dumps(message))
        return bool(sent)

    async def announce(self, instance_id: str) -> None:
        """Tell the host that works this hub that the instance has something to do."""
        await self._rows("announce", instance_id=instance_id)

    async def unfinished(self) -> list[str]:
        """Instances that have not started or have something in their inbox."""
        return _ids(await self._rows("unfinished"))

    async def open_activities(self) -> list[Activity]:
        """Every activity that was decided and has no result."""
        rows = await self._rows("open_activities")
        return [Activity(**row) for row in rows]

    async def finish_activities(self, results: Sequence[tuple[Activity, Event]]) -> list[str]:
        """Move the results into the inboxes, each once; returns the instances that got one."""
        rows = await self._rows(
            "finish_activities",
            instance_ids=[activity.instance_id for activity, _ in results],
            execution_ids=[activity.execution_id for activity, _ in results],
            task_ids=[activity.task_id for activity, _ in results],
            events=[json.dumps(result) for _, result in results],
        )
        return _ids(rows)

    async def fire_timers(self, now: datetime) -> list[str]:
        """Move the timers that are due into the inboxes; returns their instances."""
        return _ids(await self._rows("fire_timers", now=now, stamp=stamp(now)))

    async def next_timer(self) -> datetime | None:
        """When the next timer is due (aware), None without timers."""
        due: datetime | None = (await self._rows("next_timer"))[0]["min"]
        return due

    async def commit(self, execution: Execution, turn: Turn) -> tuple[Instance, list[Activity], list[str]]:
        """Write a whole turn in one transaction.

        Returns the instance as it is now, its new activities and the other instances that have something to do.
        Raises Conflict when another writer was faster; nothing is written then.
        """
        before = execution.instance
        continues = turn.continue_with is not None
        after = replace(
            before,
            execution_id=uuid4() if continues else before.execution_id,
            status=Status.PENDING if continues else turn.status,
            input=turn.continue_with if continues else before.input,
            output=turn.output,
            custom_status=turn.custom_status,
            revision=before.revision + 1,
        )
        async with self._connection() as connection, connection.pipeline(), connection.transaction():
            await self._advance(connection, before, after)
            if turn.finished or continues:
                activities: list[Activity] = []
                others = await self._close(connection, after, turn)
            else:
                activities = await self._schedule(connection, before, turn)
                others = await self._start_children(connection, before, turn)
            if not continues:
                await self._append(connection, execution, turn)
        return after, activities, others

    async def _advance(self, connection: Connection, before: Instance, after: Instance) -> None:
        advanced = await self._execute(
            connection,
            "advance",
            instance_id=before.instance_id,
            execution_id=before.execution_id,
            revision=before.revision,
            next_execution_id=after.execution_id,
            status=after.status,
            input=after.input,
            output=after.output,
            custom_status=after.custom_status,
        )
        if await advanced.fetchone() is None:
            raise Conflict(f"another host has moved instance {before.instance_id} on")

    async def _append(self, connection: Connection, execution: Execution, turn: Turn) -> None:
        await self._execute(
            connection,
            "append",
            instance_id=execution.instance.instance_id,
            first=turn.first_event,
            events=execution.texts[turn.first_event :],
        )

    async def _schedule(self, connection: Connection, before: Instance, turn: Turn) -> list[Activity]:
        """Consume the messages, schedule activities and timers."""
        identity: dict[str, Any] = {"instance_id": before.instance_id, "execution_id": before.execution_id}
        if turn.consumed:
            await self._execute(connection, "consume", message_ids=turn.consumed)
        if turn.cancelled:
            await self._execute(
                connection, "disarm_timers", instance_id=before.instance_id, task_ids=list(turn.cancelled)
            )
        activities = [
            Activity(
                before.instance_id, before.execution_id, task_id, made.action["functionName"], made.action["input"]
            )
            for task_id, made in turn.decided.items()
            if made.kind is EventType.TASK_SCHEDULED
        ]
        if activities:
            await self._execute(
                connection,
                "schedule_activities",
                **identity,
                task_ids=[activity.task_id for activity in activities],
                names=[activity.name for activity in activities],
                inputs=[activity.input for activity in activities],
            )
        timers = turn.timers()
        if timers:
            due = [moment(text) for text in timers.values()]
            await self._execute(connection, "arm_timers", **identity, task_ids=list(timers), fire_at=due)
        return activities

    async def _start_children(self, connection: Connection, before: Instance, turn: Turn) -> list[str]:
        """Create the sub-orchestrations; one whose id still runs answers its parent with a failure."""
        awake: list[str] = []
        for task_id, made in turn.decided.items():
            if made.kind is not EventType.SUB_ORCHESTRATION_CREATED:
                continue
            new = NewInstance(
                instance_id=child_id(before, made),
                execution_id=uuid4(),
                name=made.action["functionName"],
                version=made.action.get("version") or "",
                input=json.dumps(made.action["input"]),
                parent=Parent(before.instance_id, before.execution_id, task_id),
            )
            if await self._create(connection, new):
                awake.append(new.instance_id)
            else:
                reason = f"an instance with the id {new.instance_id!r} is still running"
                failure = event(
                    EventType.SUB_ORCHESTRATION_FAILED,
                    datetime.now(UTC),
                    TaskScheduledId=task_id,
                    Reason=reason,
                    Details="",
                )
                await self._send(connection, before.instance_id, before.execution_id, failure)
                awake.append(before.instance_id)
        return awake

    async def _close(self, connection: Connection, after: Instance, turn: Turn) -> list[str]:
        """End an execution: drop what it left behind; a finished one answers its parent."""
        for name in ("clear_activities", "clear_timers"):
            await self._execute(connection, name, instance_id=after.instance_id)
        if not turn.finished:
            await self._execute(connection, "consume", message_ids=turn.consumed)
            await self._execute(connection, "clear_history", instance_id=after.instance_id)
            return [after.instance_id]
        await self._execute(connection, "clear_inbox", instance_id=after.instance_id)
        if after.parent is None:
            return []
        await self._send(connection, after.parent.instance_id, after.parent.execution_id, _answer(after, after.parent))
        return [after.parent.instance_id]

    async def _create(self, connection: Connection, new: NewInstance) -> bool:
        await self._execute(connection, "drop_finished", instance_id=new.instance_id)
        created = await self._execute(
            connection,
            "create",
            instance_id=new.instance_id,
            execution_id=new.execution_id,
            name=new.name,
            version=new.version,
            input=new.input,
            parent_instance_id=new.parent and new.parent.instance_id,
            parent_execution_id=new.parent and new.parent.execution_id,
            parent_task_id=new.parent and new.parent.task_id,
        )
        return await created.fetchone() is not None

    async def _send(self, connection: Connection, instance_id: str, execution_id: UUID, message: Event) -> None:
        await self._execute(
            connection, "send", instance_id=instance_id, execution_id=execution_id, event=json.dumps(message)
        )

    async def _execute(self, connection: Connection, statement: str, /, **values: Any) -> psycopg.AsyncCursor[DictRow]:
        return await connection.execute(STATEMENTS[statement], {"hub": self._hub, **values})

    async def _rows(self, statement: str, /, **values: Any) -> list[DictRow]:
        """Run one statement by itself."""
        async with self._connection() as connection:
            cursor = await self._execute(connection, statement, **values)
            return await cursor.fetchall()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        try:
            async with self._pool.connection() as connection:
                yield connection
        except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as error:
            raise StoreUnavailable("PostgreSQL", error) from error

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Connection]:
        async with self._connection() as connection, connection.transaction():
            yield connection


def _answer(child: Instance, parent: Parent) -> Event:
    """The event with which a finished sub-orchestration answers its parent."""
    now = datetime.now(UTC)
    if child.status is Status.COMPLETED:
        return event(
            EventType.SUB_ORCHESTRATION_COMPLETED, now, TaskScheduledId=parent.task_id, Result=child.output or "null"
        )
    reason = json.loads(child.output) if child.output else f"sub-orchestration {child.name!r} was terminated"
    return event(
        EventType.SUB_ORCHESTRATION_FAILED, now, TaskScheduledId=parent.task_id, Reason=str(reason), Details=""
    )


def _instance(row: DictRow) -> Instance:
    fields = {name: row[name] for name in Instance.__dataclass_fields__ if name not in {"parent", "status"}}
    parent_id = row["parent_instance_id"]
    parent = parent_id and Parent(parent_id, row["parent_execution_id"], row["parent_task_id"])
    return Instance(**fields, status=Status(row["status"]), parent=parent or None)


def _filter(wanted: InstanceFilter) -> dict[str, Any]:
    return {
        "created_from": wanted.created_from,
        "created_to": wanted.created_to,
        "statuses": list(wanted.statuses) or None,
        "prefix": wanted.id_prefix,
    }


def _ids(rows: Sequence[DictRow]) -> list[str]:
    return [row["instance_id"] for row in rows]
