"""Reads Sentinel's event hub where no Functions host does it: azure-eventhub with checkpoints in Blob storage."""

from __future__ import annotations

import asyncio
import logging

from azure.eventhub import EventData
from azure.eventhub.aio import EventHubConsumerClient, PartitionContext
from azure.eventhub.exceptions import EventHubError
from azure.eventhub.extensions.checkpointstoreblobaio import BlobCheckpointStore
from azure.identity.aio import DefaultAzureCredential

from shared.errors import BusUnavailable, Retryable
from shared.ingestion.source import Handle

CHECKPOINTS = "aluskort-event-hub-checkpoints"  # not the audit chains', which nobody may change
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 30.0

logger = logging.getLogger(__name__)


class EventHubSource:
    """One consumer of a hub. A body is checkpointed once it was handled, so a crash delivers it again."""

    def __init__(self, client: EventHubConsumerClient) -> None:
        self._client = client

    @classmethod
    def connect(cls, connection_string: str, *, hub: str, group: str, blob_connection_string: str) -> EventHubSource:
        """By connection strings. The container of the checkpoints must exist."""
        store = BlobCheckpointStore.from_connection_string(blob_connection_string, CHECKPOINTS)
        client = EventHubConsumerClient.from_connection_string(
            connection_string, group, eventhub_name=hub, checkpoint_store=store
        )
        return cls(client)

    @classmethod
    def connect_as_identity(cls, namespace: str, *, hub: str, group: str, blob_account_url: str) -> EventHubSource:
        """By the process's identity at ``namespace`` ("name.servicebus.windows.net"); the container must exist."""
        credential = DefaultAzureCredential()
        store = BlobCheckpointStore(blob_account_url, CHECKPOINTS, credential=credential)
        client = EventHubConsumerClient(namespace, hub, group, credential=credential, checkpoint_store=store)
        return cls(client)

    async def read(self, handle: Handle) -> None:
        """Hand every body to ``handle`` until cancelled; while it raises Retryable, its partition waits.

        Raises BusUnavailable when the hub refuses or is unavailable for good.
        """

        async def deliver(context: PartitionContext, events: list[EventData]) -> None:
            for event in events:
                await _until_handled(handle, event)
            if events:
                await context.update_checkpoint(events[-1])

        try:
            async with self._client:
                await self._client.receive_batch(deliver, starting_position="-1")
        except EventHubError as error:
            raise BusUnavailable(f"The event hub cannot be read: {error}") from error


async def _until_handled(handle: Handle, event: EventData) -> None:
    headers = {_text(name): _text(value).encode() for name, value in (event.properties or {}).items()}
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            await handle(_body(event), headers)
        except Retryable as error:
            logger.warning("An event waits %g s: %s", pause, error)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        else:
            return


def _body(event: EventData) -> bytes:
    """The event's data sections as one body; Sentinel sends no other kind of AMQP message."""
    parts = event.body
    return parts if isinstance(parts, bytes) else b"".join(parts)  # type: ignore[arg-type]


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
