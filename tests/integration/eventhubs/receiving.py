"""Receivers that tests wait on: a number of events, or the error that ended them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, cast

from azure.eventhub import EventData
from azure.eventhub.aio import EventHubConsumerClient

DEADLINE = 20.0


class Receiver:
    """Receives from one partition until it is stopped; ``events`` and ``errors`` are what came so far."""

    def __init__(self, connection: str, *, group: str = "$Default", partition: str = "0", **options: Any) -> None:
        self.events: list[EventData] = []
        self.errors: list[Exception] = []
        self.tracked: dict[str, Any] = {}
        self._changed = asyncio.Condition()
        self._client = EventHubConsumerClient.from_connection_string(connection, group, retry_total=0)
        self._options = {"starting_position": "-1", "partition_id": partition} | options
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        receiving = self._client.receive(self._on_event, on_error=self._on_error, **self._options)
        self._task = asyncio.create_task(receiving)

    async def stop(self) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._client.close()

    async def _on_event(self, context: Any, event: EventData | None) -> None:
        async with self._changed:
            if event is not None:
                self.events.append(event)
                self.tracked = dict(context.last_enqueued_event_properties or {})
            self._changed.notify_all()

    async def _on_error(self, _: Any, error: Exception) -> None:
        async with self._changed:
            self.errors.append(error)
            self._changed.notify_all()

    async def wait_events(self, count: int) -> list[EventData]:
        """Return the events once there are ``count``."""
        async with asyncio.timeout(DEADLINE), self._changed:
            await self._changed.wait_for(lambda: len(self.events) >= count)
        return self.events

    async def wait_error(self) -> str:
        """Return the text of the first error."""
        async with asyncio.timeout(DEADLINE), self._changed:
            await self._changed.wait_for(lambda: bool(self.errors))
        return str(self.errors[0])


def body(event: EventData) -> bytes:
    return b"".join(cast("Iterable[bytes]", event.body))


type Open = Callable[..., Receiver]


@asynccontextmanager
async def receiving() -> AsyncIterator[Open]:
    """Yield a function that opens a Receiver; all of them are closed together, as each takes the client a second."""
    opened: list[Receiver] = []

    def open_receiver(connection: str, **options: Any) -> Receiver:
        opened.append(Receiver(connection, **options))
        opened[-1].start()
        return opened[-1]

    try:
        yield open_receiver
    finally:
        await asyncio.gather(*(receiver.stop() for receiver in opened))


async def receive(connection: str, count: int, **options: Any) -> list[EventData]:
    """Return the first ``count`` events of a partition."""
    async with receiving() as open_receiver:
        return await open_receiver(connection, **options).wait_events(count)
