"""Both producers, Kafka's and the one in memory, keep the same promises."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from socket import socket

import pytest

from shared.bus.producer import KafkaProducer, MemoryProducer, Message, Producer
from shared.contracts.topics import MAX_MESSAGE_BYTES
from shared.errors import BusUnavailable, InvalidInput
from tests.integration.bus.reading import messages_of

TOPIC = "alerts.raw"


@dataclass
class Bus:
    """A producer, and what arrived."""

    producer: Producer
    arrived: Callable[[str, str], Awaitable[list[Message]]]


@pytest.fixture(params=["memory", "kafka"])
def bus(request: pytest.FixtureRequest) -> Bus:
    if request.param == "memory":
        memory = MemoryProducer()

        async def kept(topic: str, key: str) -> list[Message]:
            return [message for message in memory.on(topic) if message.key == key]

        return Bus(memory, kept)
    kafka: KafkaProducer = request.getfixturevalue("kafka")
    brokers: str = request.getfixturevalue("brokers")
    return Bus(kafka, lambda topic, key: messages_of(brokers, topic, key))


async def test_message_arrives_with_key_value_and_headers(bus: Bus, key: str) -> None:
    await bus.producer.publish(TOPIC, b"\x00\xffvalue", key=key, headers={"a": b"\x00", "b": b""})
    await bus.producer.publish(TOPIC, b"", key=key)
    assert await bus.arrived(TOPIC, key) == [
        Message(TOPIC, key, b"\x00\xffvalue", {"a": b"\x00", "b": b""}),
        Message(TOPIC, key, b"", {}),
    ]


async def test_messages_of_one_key_published_together_keep_their_order(bus: Bus, key: str) -> None:
    values = [str(number).encode() for number in range(100)]
    await asyncio.gather(*(bus.producer.publish(TOPIC, value, key=key) for value in values))
    assert [message.value for message in await bus.arrived(TOPIC, key)] == values


async def test_unknown_topic_is_invalid_input(bus: Bus, key: str) -> None:
    with pytest.raises(InvalidInput, match=r"topic: got 'alerts\.rwa', expected a topic of"):
        await bus.producer.publish("alerts.rwa", b"", key=key)


async def test_largest_message_arrives_and_a_larger_one_is_invalid_input(bus: Bus, key: str) -> None:
    with pytest.raises(InvalidInput, match="got '1000001 bytes', expected at most 1000000 bytes"):
        await bus.producer.publish(TOPIC, b"x" * (MAX_MESSAGE_BYTES + 1), key=key)
    await bus.producer.publish(TOPIC, b"x" * MAX_MESSAGE_BYTES, key=key)
    assert [len(message.value) for message in await bus.arrived(TOPIC, key)] == [MAX_MESSAGE_BYTES]


async def test_message_that_only_the_broker_finds_too_large_is_invalid_input(kafka: KafkaProducer, key: str) -> None:
    with pytest.raises(InvalidInput, match="what the broker accepts"):
        await kafka.publish(TOPIC, b"x" * MAX_MESSAGE_BYTES, key=key, headers={"h": b"x" * 100_000})


async def test_health_counts_the_topics(kafka: KafkaProducer) -> None:
    assert (await kafka.health())["topics"] >= 31


async def test_kafka_unavailable_is_bus_unavailable_until_it_is_back(
    brokers: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.bus.producer.FAIL_FAST_SECONDS", 0)
    with closing(socket()) as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
    own = KafkaProducer(f"127.0.0.1:{port}")
    with pytest.raises(BusUnavailable, match=f"did not take a message for {TOPIC}"):
        await own.publish(TOPIC, b"early", key=key)
    with pytest.raises(BusUnavailable, match="cannot be reached"):
        await own.health()
    async with await asyncio.start_server(lambda r, w: _forward(r, w, brokers), "127.0.0.1", port):
        await own.publish(TOPIC, b"late", key=key)
        await own.close()
    assert [message.value for message in await messages_of(brokers, TOPIC, key)] == [b"late"]


async def test_broker_that_accepts_and_never_answers_is_asked_once_for_all_and_then_left_alone(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.bus.producer.CONNECT_SECONDS", 0.3)
    connections: list[asyncio.StreamWriter] = []

    async def never_answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)

    async with await asyncio.start_server(never_answer, "127.0.0.1", 0) as silent:
        own = KafkaProducer(f"127.0.0.1:{silent.sockets[0].getsockname()[1]}")
        outcomes = await asyncio.gather(*(own.publish(TOPIC, b"x", key=key) for _ in range(4)), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [BusUnavailable] * 4
        assert len(connections) == 1
        with pytest.raises(BusUnavailable, match=r"let nobody in for 0\.3 s"):
            await own.publish(TOPIC, b"x", key=key)
        assert len(connections) == 1
        monkeypatch.setattr(own, "_failing_until", 0.0)
        with pytest.raises(BusUnavailable):
            await own.health()
        assert len(connections) == 2
        await own.close()
        for writer in connections:
            writer.close()


async def test_topic_that_a_broker_lacks_does_not_hold_up_the_others(
    brokers: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.bus.producer.check_message", lambda topic, value: None)
    monkeypatch.setattr("shared.bus.producer.REQUEST_TIMEOUT_MS", 1_000)
    own = KafkaProducer(brokers)
    with pytest.raises(BusUnavailable, match="no-such-topic"):
        await own.publish("no-such-topic", b"x", key=key)
    await own.publish(TOPIC, b"x", key=key)
    await own.close()


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, brokers: str) -> None:
    host, _, port = brokers.partition(":")
    onward_reader, onward_writer = await asyncio.open_connection(host, int(port))
    await asyncio.gather(_copy(reader, onward_writer), _copy(onward_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()
