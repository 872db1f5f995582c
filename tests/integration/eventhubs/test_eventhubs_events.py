"""What is sent comes back: bytes, order, keys, positions and properties."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.eventhub import EventData
from azure.eventhub import EventHubProducerClient as BlockingProducer
from azure.eventhub._buffered_producer._partition_resolver import PartitionResolver
from azure.eventhub.aio import EventHubProducerClient
from azure.eventhub.amqp import AmqpAnnotatedMessage
from azure.eventhub.exceptions import EventDataSendError
from hypothesis import given
from hypothesis import strategies as st

from local.eventhubs.partition_key import partition_of
from tests.integration.eventhubs.namespace_process import NamespaceProcess
from tests.integration.eventhubs.receiving import DEADLINE, body, receive, receiving

KEYS = [f"tenant-{number}" for number in range(8)]


def producer(connection: str, **options: Any) -> EventHubProducerClient:
    client: EventHubProducerClient = EventHubProducerClient.from_connection_string(connection, retry_total=0, **options)
    return client


async def test_events_with_one_key_stay_in_one_partition_in_order(namespace: NamespaceProcess) -> None:
    connection = namespace.connection_string("keys")
    async with producer(connection) as sender:
        for key in KEYS:
            await sender.send_event(EventData(f"{key} 0"), partition_key=key)
            await sender.send_batch([EventData(f"{key} 1"), EventData(f"{key} 2")], partition_key=key)
            batch = await sender.create_batch(partition_key=key)
            batch.add(EventData(f"{key} 3"))
            await sender.send_batch(batch)
    failures: list[Exception] = []

    async def on_success(_: object, __: object) -> None:
        return None

    async def on_error(_: object, __: object, error: Exception) -> None:
        failures.append(error)

    async with producer(connection, buffered_mode=True, on_success=on_success, on_error=on_error) as buffered:
        for key in KEYS:
            await buffered.send_event(EventData(f"{key} 4"), partition_key=key)
        await buffered.flush()
        properties = await asyncio.gather(*map(buffered.get_partition_properties, "0123"))
    counts = [each["last_enqueued_sequence_number"] + 1 for each in properties]
    partitions = await asyncio.gather(
        *(receive(connection, counts[int(p)], partition=p) for p in "0123" if counts[int(p)])
    )

    assert not failures
    assert sum(counts) == 5 * len(KEYS)
    found = [[event.body_as_str().split() for event in events] for events in partitions]
    for key in KEYS:
        runs = [run for events in found if (run := [number for name, number in events if name == key])]
        assert runs == [["0", "1", "2", "3", "4"]]
    assert all(event.partition_key == body(event).split()[0] for events in partitions for event in events)


@given(st.text(st.characters(codec="ascii"), max_size=80), st.integers(1, 100))
def test_partition_of_an_ascii_key_agrees_with_the_client(key: str, partitions: int) -> None:
    ids = [str(number) for number in range(partitions)]

    expected = PartitionResolver(ids).get_partition_id_by_partition_key(key)  # type: ignore[no-untyped-call]

    assert str(partition_of(key, partitions)) == expected


async def test_events_come_back_as_sent_whatever_their_body(namespace: NamespaceProcess) -> None:
    connection = namespace.connection_string("bodies")
    rich = EventData("größer ✓")
    rich.properties = {"text": "t", "number": 7, "fraction": 1.5, "raw": b"\x00\x01", "yes": True}
    rich.content_type, rich.message_id, rich.correlation_id = "text/plain", "m-1", "c-1"
    encoded_message = b"\x00\x53\x75\xa0\x05hello"  # only the transfer's format says what is a batch
    annotated = AmqpAnnotatedMessage(value_body={"k": [1, 2]}, annotations={"x-mine": "kept"})
    async with producer(connection) as sender:
        for event in (rich, EventData(encoded_message), EventData(b"z" * 900_000), EventData(b""), annotated):
            await sender.send_event(event, partition_id="0")
        with pytest.raises(EventDataSendError, match="exceeds the limit"):
            await sender.send_event(EventData(b"z" * 1_200_000), partition_id="0")
        await sender.send_event(EventData("after"), partition_id="0")
    events = await receive(connection, 6)

    assert events[0].body_as_str() == "größer ✓"
    assert (events[0].content_type, events[0].message_id, events[0].correlation_id) == ("text/plain", "m-1", "c-1")
    assert events[0].properties == {b"text": b"t", b"number": 7, b"fraction": 1.5, b"raw": b"\x00\x01", b"yes": True}
    assert [body(event) for event in events[1:4]] == [encoded_message, b"z" * 900_000, b""]
    assert events[4].raw_amqp_message.body == {b"k": [1, 2]}
    assert (events[4].raw_amqp_message.annotations or {})[b"x-mine"] == b"kept"
    assert body(events[5]) == b"after"
    assert [event.sequence_number for event in events] == list(range(6))


async def test_receivers_start_where_their_position_says(namespace: NamespaceProcess) -> None:
    connection = namespace.connection_string("starts")
    async with producer(connection) as sender:
        for number in range(5):
            await sender.send_event(EventData(str(number)), partition_id="0")
            if number == 2:
                third = await sender.get_partition_properties("0")

    async def first_from(position: object, *, inclusive: bool) -> int:
        got = await receive(connection, 1, starting_position=position, starting_position_inclusive=inclusive)
        return int(got[0].sequence_number or 0)

    firsts = await asyncio.gather(
        first_from(third["last_enqueued_sequence_number"], inclusive=False),
        first_from(third["last_enqueued_sequence_number"], inclusive=True),
        first_from(third["last_enqueued_offset"], inclusive=False),
        first_from(datetime(2020, 1, 1, tzinfo=UTC), inclusive=False),
    )

    assert list(firsts) == [3, 2, 3, 0]


async def test_receiver_from_latest_sees_new_events_only(namespace: NamespaceProcess) -> None:
    connection = namespace.connection_string("latest")
    async with producer(connection) as sender:
        await sender.send_event(EventData("0"), partition_id="0")
        sent = 1
        async with asyncio.timeout(DEADLINE), receiving() as open_receiver:
            late = open_receiver(connection, starting_position="@latest")
            while not late.events:  # a client is not notified when the receiver is attached
                await sender.send_event(EventData(str(sent)), partition_id="0")
                sent += 1
            first = int(late.events[0].body_as_str())
            numbers = [int(event.body_as_str()) for event in await late.wait_events(sent - first)]

    assert first > 0
    assert numbers == list(range(first, sent))


async def test_runtime_properties_and_tracking_tell_of_the_last_event(namespace: NamespaceProcess) -> None:
    connection = namespace.connection_string("tracked")
    with BlockingProducer.from_connection_string(connection, retry_total=0) as sender:
        hub = sender.get_eventhub_properties()
        empty = sender.get_partition_properties("1")
        sender.send_batch([EventData("a"), EventData("b")], partition_id="0")
        filled = sender.get_partition_properties("0")
    async with receiving() as open_receiver:
        receiver = open_receiver(connection, track_last_enqueued_event_properties=True)
        await receiver.wait_events(2)

    assert (hub["eventhub_name"], hub["partition_ids"]) == ("tracked", ["0", "1"])
    assert (empty["is_empty"], empty["last_enqueued_sequence_number"]) == (True, -1)
    assert empty["last_enqueued_offset"] == "-1"
    assert (filled["is_empty"], filled["last_enqueued_sequence_number"]) == (False, 1)
    assert receiver.tracked["sequence_number"] == 1
    assert receiver.tracked["offset"] == filled["last_enqueued_offset"]
    assert receiver.tracked["enqueued_time"] == filled["last_enqueued_time_utc"]
