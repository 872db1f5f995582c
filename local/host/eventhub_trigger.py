"""Event Hubs triggers: the azure-eventhub client, checkpoints in AzureWebJobsStorage, partitions in parallel.

As in Azure the checkpoint follows the end of the retry policy, whether the function succeeded or not.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any

from azure.core.exceptions import AzureError
from azure.eventhub import EventData, TransportType
from azure.eventhub.aio import EventHubConsumerClient, PartitionContext
from azure.eventhub.exceptions import EventHubError
from azure.eventhub.extensions.checkpointstoreblobaio import BlobCheckpointStore

from local.host import datums
from local.host.host_json import EventHubsOptions
from local.host.outage import Outage
from local.host.storage import HostStorage
from local.host.worker import HostStopping, InvocationFailed, Target
from shared.errors import ConfigurationError, StoreUnavailable

log = logging.getLogger(__name__)

CHECKPOINT_CONTAINER = "azure-webjobs-eventhub"  # the name that the Functions host uses in Azure
# Partitions of a killed host are free again after the second: Azure's 10 s and a minute would make a developer wait.
LOAD_BALANCING_SECONDS = 1.0
OWNERSHIP_SECONDS = 3.0
RESTART_SECONDS = 1.0


class EventHubTrigger:
    """Feeds one function from its hub until told to stop."""

    def __init__(
        self, target: Target, *, options: EventHubsOptions, connection_string: str, storage: HostStorage
    ) -> None:
        function = target.function
        self._function = function
        self._target = target
        self._options = options
        self._connection_string = connection_string
        self._storage = storage
        self._hub = str(function.trigger["eventHubName"])
        self._group = str(function.trigger.get("consumerGroup") or "$Default")
        self._outage = Outage(f"Event hub {self._hub} of function {function.name}")
        self._deliveries: set[asyncio.Task[None]] = set()
        self._batches: Counter[str] = Counter()
        # A partition that was lost and won back must not overtake its own unfinished batch.
        self._in_order: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @property
    def title(self) -> str:
        """What the start log says about this trigger."""
        return f"eventHubTrigger {self._hub} as {self._group}"

    async def run(self, ready: Callable[[], None]) -> None:
        """Receive until the host stops; `ready` is called when receiving begins, the hub may still be unavailable."""
        while not self._target.stopping.is_set():
            try:
                await self._storage.ensure_container(CHECKPOINT_CONTAINER)
                client = self._client()
                ready()
                await self._receive(client)
            except (StoreUnavailable, AzureError, EventHubError, OSError) as error:
                self._outage.report(error)
            if not self._target.stopping.is_set():
                await asyncio.sleep(RESTART_SECONDS)

    async def _receive(self, client: EventHubConsumerClient) -> None:
        receiving = asyncio.create_task(
            client.receive_batch(
                on_event_batch=self._deliver,
                on_error=self._on_error,
                on_partition_initialize=self._on_partition_initialize,
                max_batch_size=self._options.max_event_batch_size,
                prefetch=self._options.prefetch_count,
                starting_position=_starting_position(self._function.name, self._options),
            )
        )
        stopping = asyncio.create_task(self._target.stopping.wait())
        try:
            await asyncio.wait({receiving, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if self._deliveries:
                await asyncio.wait(self._deliveries)
        finally:
            stopping.cancel()
            await client.close()
            receiving.cancel()
            ended = await asyncio.gather(receiving, return_exceptions=True)
        if isinstance(ended[0], Exception):
            raise ended[0]

    async def _deliver(self, context: PartitionContext, events: list[EventData]) -> None:
        """In a task of its own, so that a stop can wait for it."""
        if not events:
            return
        self._outage.over()
        delivery = asyncio.create_task(self._deliver_batch(context, events))
        self._deliveries.add(delivery)
        delivery.add_done_callback(self._deliveries.discard)
        await asyncio.shield(delivery)

    async def _deliver_batch(self, context: PartitionContext, events: list[EventData]) -> None:
        partition = context.partition_id
        async with self._in_order[partition]:
            if self._function.reads_many:
                await self._invoke(datums.hub_many(events, partition))
            else:
                for event in events:
                    await self._invoke(datums.hub_one(event, partition))
            self._batches[partition] += 1
            if self._batches[partition] % self._options.batch_checkpoint_frequency == 0:
                await context.update_checkpoint(events[-1])

    async def _invoke(self, payload: datums.Payload) -> None:
        if self._target.stopping.is_set():
            raise HostStopping("the host stops")
        try:
            await self._target.invoke(*payload)
        except InvocationFailed:
            log.error(
                "Function %s goes on after a failed batch of %s: Azure does the same.", self._function.name, self._hub
            )

    async def _on_partition_initialize(self, _context: PartitionContext) -> None:
        self._outage.over()

    async def _on_error(self, _context: PartitionContext | None, error: Exception) -> None:
        if not isinstance(error, HostStopping):
            self._outage.report(error)

    def _client(self) -> EventHubConsumerClient:
        retry = self._options.client_retry_options
        try:
            return EventHubConsumerClient.from_connection_string(
                self._connection_string,
                self._group,
                eventhub_name=self._hub,
                checkpoint_store=BlobCheckpointStore.from_connection_string(
                    self._storage.connection_string, CHECKPOINT_CONTAINER
                ),
                load_balancing_interval=LOAD_BALANCING_SECONDS,
                partition_ownership_expiration_interval=OWNERSHIP_SECONDS,
                retry_total=retry.maximum_retries,
                retry_mode=retry.mode,
                retry_backoff_factor=retry.delay.total_seconds(),
                retry_backoff_max=retry.maximum_delay.total_seconds(),
                transport_type=TransportType.AmqpOverWebsocket
                if self._options.transport_type == "amqpWebSockets"
                else TransportType.Amqp,
            )
        except ValueError as error:
            raise ConfigurationError(
                f"Function {self._function.name}: setting {self._function.trigger['connection']} is not an "
                f"Event Hubs connection string: {error}."
            ) from error


def _starting_position(function: str, options: EventHubsOptions) -> Any:
    """Where partitions without a checkpoint start, in the client's words."""
    match options.initial_offset_options.type:
        case "fromStart":
            return "-1"
        case "fromEnd":
            return "@latest"
    text = options.initial_offset_options.enqueued_time_utc
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(
            f"host.json, eventHubs.initialOffsetOptions.enqueuedTimeUtc (function {function}): got {text!r}, "
            "expected a time like 2026-11-23T10:00:00Z."
        ) from error
