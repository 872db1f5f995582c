"""What was accepted survives; a store that does not fit is refused at the start."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable

from azure.eventhub import EventData
from azure.eventhub.aio import EventHubConsumerClient, EventHubProducerClient, PartitionContext
from azure.eventhub.extensions.checkpointstoreblobaio import BlobCheckpointStore
from azure.storage.blob.aio import ContainerClient

from tests.integration.eventhubs.namespace_process import NamespaceProcess
from tests.integration.eventhubs.receiving import DEADLINE, body, receive

type NewNamespace = Callable[..., NamespaceProcess]


async def test_kill_and_restart_loses_no_accepted_event(new_namespace: NewNamespace) -> None:
    server = new_namespace("journal:1")
    server.start()
    connection = server.connection_string("journal")
    accepted: list[str] = []
    enough = asyncio.Event()

    async def send_until_killed() -> None:
        async with EventHubProducerClient.from_connection_string(connection, retry_total=0) as sender:
            while True:
                text = str(len(accepted))
                await sender.send_event(EventData(text), partition_id="0")
                accepted.append(text)
                if len(accepted) >= 200:
                    enough.set()

    sending = asyncio.create_task(send_until_killed())
    async with asyncio.timeout(DEADLINE):
        await enough.wait()
    server.end(signal.SIGKILL)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    server.start()
    async with EventHubProducerClient.from_connection_string(connection, retry_total=0) as sender:
        await sender.send_event(EventData("after the restart"), partition_id="0")
    events = await receive(connection, len(accepted) + 1)
    server.end(signal.SIGTERM)

    # One more may have been stored whose acceptance never arrived.
    bodies = [body(event).decode() for event in events]
    assert bodies[: len(accepted)] == accepted
    assert [event.sequence_number for event in events] == list(range(len(events)))


async def test_consumer_resumes_after_its_checkpoint(namespace: NamespaceProcess, azurite: str) -> None:
    connection = namespace.connection_string("checkpoints")
    async with ContainerClient.from_connection_string(azurite, "checkpoints") as container:
        await container.create_container()
    async with EventHubProducerClient.from_connection_string(connection, retry_total=0) as sender:
        await sender.send_batch([EventData(str(number)) for number in range(10)], partition_id="0")

    async def run_consumer(*, stop_at: str) -> list[str]:
        seen: list[str] = []
        done = asyncio.Event()

        async def on_event(context: PartitionContext, event: EventData | None) -> None:
            assert event is not None
            if not done.is_set():
                seen.append(event.body_as_str())
                await context.update_checkpoint(event)
            if seen[-1] == stop_at:
                done.set()

        store = BlobCheckpointStore.from_connection_string(azurite, "checkpoints")
        client = EventHubConsumerClient.from_connection_string(
            connection, "$Default", checkpoint_store=store, load_balancing_interval=1, retry_total=0
        )
        async with client, store:
            receiving = asyncio.create_task(client.receive(on_event, starting_position="-1"))
            async with asyncio.timeout(DEADLINE):
                await done.wait()
            receiving.cancel()
            await asyncio.gather(receiving, return_exceptions=True)
        return seen

    assert await run_consumer(stop_at="5") == ["0", "1", "2", "3", "4", "5"]
    assert await run_consumer(stop_at="9") == ["6", "7", "8", "9"]


def test_sigterm_ends_with_open_connections_and_code_zero(new_namespace: NewNamespace) -> None:
    server = new_namespace("idle:1")
    server.start()
    with socket.create_connection(("127.0.0.1", server.port)):
        assert server.end(signal.SIGTERM) == 0
    assert "has ended" in server.log()


def test_start_refuses_another_partition_count_than_the_store_holds(new_namespace: NewNamespace) -> None:
    first = new_namespace("resized:2")
    first.start()
    first.end(signal.SIGTERM)
    second = new_namespace("resized:4")

    assert second.launch().wait(10) == 2
    assert "got 4 partitions, but the store holds it with 2" in second.log()


def test_start_refuses_a_store_that_another_namespace_uses(new_namespace: NewNamespace) -> None:
    first = new_namespace("shared:1")
    first.start()
    second = new_namespace("shared:1")

    assert second.launch().wait(10) == 2
    assert "the event journal cannot be reached" in second.log()
    first.end(signal.SIGTERM)


def test_start_refuses_a_port_that_is_taken(new_namespace: NewNamespace) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = new_namespace("late:1", port=taken.getsockname()[1])

        assert server.launch().wait(10) == 2
    assert f"--port {server.port}" in server.log()
