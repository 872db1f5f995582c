"""A durable task hub in PostgreSQL: what the Durable Functions extension is to an app, for the local host.

The host starts it with a FunctionRunner, mounts ``durable_routes(hub)`` and hands ``client_binding(...)`` to clients.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from uuid import uuid4

from local.taskhub.engine import DurableOptions, Engine
from local.taskhub.history import Event, EventType, event
from local.taskhub.instance import (
    Instance,
    InstanceFilter,
    NewInstance,
    checked_event_name,
    checked_instance_id,
    checked_payload,
)
from local.taskhub.lease import Lease
from local.taskhub.runner import FunctionRunner
from local.taskhub.store import Store
from shared.errors import Conflict, InvalidInput, NotFound

REASON_LIMIT = 4000  # characters


class InstanceFinished(Conflict):
    """The instance has ended and takes nothing more."""


class TaskHub:
    """Starts, feeds, shows and ends orchestrations; every method may raise StoreUnavailable.

    Payloads are JSON texts. Unknown instances raise NotFound, finished ones InstanceFinished.
    """

    def __init__(self, *, url: str, name: str, runner: FunctionRunner, options: DurableOptions | None = None) -> None:
        options = options or DurableOptions()
        self.name = name
        self._runner = runner
        self._default_version = options.default_version
        # A turn holds one connection at a time, so do the result writer, the timer loop and a few clients.
        self._store = Store(url=url, hub=name, connections=options.max_concurrent_orchestrators + 4)
        self._lease = Lease(url=url, hub=name, gained=self._gained, noticed=self._noticed)
        self._engine = Engine(store=self._store, runner=runner, options=options, leading=self._lease.held)
        self._keeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Create what is missing in the database and go on with everything unfinished."""
        await self.connect()
        self._engine.start()
        self._keeping = asyncio.create_task(self._lease.keep())

    async def connect(self) -> None:
        """Serve clients only and leave all work to the host that has started the hub."""
        await self._store.open()

    async def stop(self) -> None:
        """Take no new work, let what runs end within a few seconds, disconnect."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        await self._engine.stop()
        await self._store.close()

    async def start_new(
        self, name: str, *, instance_id: str | None = None, input_json: str | None = None, version: str | None = None
    ) -> str:
        """Start an orchestration and return its id; replaces a finished instance, Conflict when the id still runs."""
        if name not in self._runner.orchestrators():
            raise InvalidInput(
                "orchestrator", got=name, expected=f"one of {', '.join(sorted(self._runner.orchestrators()))}"
            )
        version = self._default_version if version is None else version
        if len(version) > 100 or not version.isprintable():
            raise InvalidInput("version", got=version, expected="at most 100 printable characters")
        new = NewInstance(
            instance_id=uuid4().hex if instance_id is None else checked_instance_id(instance_id),
            execution_id=uuid4(),
            name=name,
            version=version,
            input=None if input_json is None else _normal(input_json, field="orchestration input"),
        )
        if not await self._store.create(new):
            raise Conflict(f"an instance with the id {new.instance_id!r} is still running; wait for it or terminate it")
        await self._wake(new.instance_id)
        return new.instance_id

    async def raise_event(self, instance_id: str, name: str, *, data_json: str = "null") -> None:
        """Send an external event; it is in the history from its arrival on."""
        data = _normal(data_json, field="event data")
        await self._send(instance_id, EventType.EVENT_RAISED, Name=checked_event_name(name), Input=data)

    async def terminate(self, instance_id: str, *, reason: str = "") -> None:
        """End the instance; its open activities may still run, their results are dropped."""
        await self._send(instance_id, EventType.EXECUTION_TERMINATED, Input=reason[:REASON_LIMIT])

    async def suspend(self, instance_id: str, *, reason: str = "") -> None:
        """Let the instance take nothing more until it is resumed."""
        await self._send(instance_id, EventType.EXECUTION_SUSPENDED, Reason=reason[:REASON_LIMIT])

    async def resume(self, instance_id: str, *, reason: str = "") -> None:
        """Go on with everything that arrived while the instance was suspended."""
        await self._send(instance_id, EventType.EXECUTION_RESUMED, Reason=reason[:REASON_LIMIT])

    async def restart(self, instance_id: str, *, new_id: bool = True) -> str:
        """Start the instance's orchestrator again with its input; with its own id only after it has ended."""
        old = await self.get_status(instance_id)
        return await self.start_new(
            old.name, instance_id=None if new_id else instance_id, input_json=old.input, version=old.version
        )

    async def get_status(self, instance_id: str) -> Instance:
        """The instance as it was last committed."""
        found = await self._store.find(checked_instance_id(instance_id))
        if found is None:
            raise NotFound(f"there is no instance {instance_id!r} in task hub {self.name!r}")
        return found

    async def get_history(self, instance_id: str) -> list[Event]:
        """The raw history of the instance's current execution, oldest first."""
        return (await self._store.execution(await self.get_status(instance_id))).history

    async def list_statuses(self, wanted: InstanceFilter | None = None) -> list[Instance]:
        """The instances that match, oldest first."""
        return await self._store.find_all(wanted or InstanceFilter())

    async def purge(self, instance_id: str) -> int:
        """Delete a finished instance; returns 1, or 0 when it still runs."""
        await self.get_status(instance_id)
        return len(await self._store.purge(InstanceFilter(), instance_id=instance_id))

    async def purge_by(self, wanted: InstanceFilter) -> int:
        """Delete the finished instances that match; returns how many."""
        return len(await self._store.purge(wanted))

    async def _send(self, instance_id: str, kind: EventType, **fields: str) -> None:
        message = event(kind, datetime.now(UTC)) | fields
        if not await self._store.send(checked_instance_id(instance_id), message):
            found = await self.get_status(instance_id)
            raise InstanceFinished(f"instance {instance_id!r} is {found.status} and takes nothing more")
        await self._wake(instance_id)

    async def _wake(self, instance_id: str) -> None:
        if self._lease.held.is_set():
            self._engine.wake(instance_id)
        else:
            await self._store.announce(instance_id)

    async def _gained(self) -> None:
        await self._engine.resume()

    def _noticed(self, instance_id: str) -> None:
        self._engine.wake(instance_id)


def _normal(text: str, *, field: str) -> str:
    """The JSON text in pure ASCII, which every store and every reader takes unchanged."""
    checked_payload(text, field=field)
    try:
        return json.dumps(json.loads(text, parse_constant=_refuse_constant))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(field, got=text, expected="JSON", hint=str(error)) from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
