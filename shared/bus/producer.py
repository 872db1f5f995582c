"""Publishing: one interface, on Kafka (acks=all, idempotent) and in memory for tests and tools."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from shared.bus.connection import connection_arguments
from shared.contracts.topics import MAX_MESSAGE_BYTES, topics
from shared.errors import BusUnavailable, InvalidInput
from shared.settings import KafkaSecurity

REQUEST_TIMEOUT_MS = 10_000
CONNECT_SECONDS = 20.0  # aiokafka takes a refused token for an accepted one and would then wait for ever


class Producer(Protocol):
    """Publishes and returns once the message is safe."""

    async def publish(self, topic: str, value: bytes, *, key: str, headers: Mapping[str, bytes] | None = None) -> None:
        """Raises InvalidInput for an unknown topic or an over-large message, BusUnavailable when not acknowledged."""


def check_message(topic: str, value: bytes) -> None:
    """Refuse what no broker would take, before it is sent."""
    if topic not in topics():
        raise InvalidInput("topic", got=topic, expected="a topic of shared/contracts/topics.json")
    if len(value) > MAX_MESSAGE_BYTES:
        raise InvalidInput("message", got=f"{len(value)} bytes", expected=f"at most {MAX_MESSAGE_BYTES} bytes")


class KafkaProducer:
    """The real thing; connects on first use, once a process."""

    def __init__(self, brokers: str, security: KafkaSecurity = KafkaSecurity.PLAINTEXT) -> None:
        self._brokers = brokers
        self._security = security
        self._client: AIOKafkaProducer | None = None
        self._connecting = asyncio.Lock()
        self._known: set[str] = set()

    async def publish(self, topic: str, value: bytes, *, key: str, headers: Mapping[str, bytes] | None = None) -> None:
        """See Producer."""
        check_message(topic, value)
        try:
            client = await self._connected(topic)
            await client.send_and_wait(topic, value, key=key.encode(), headers=list((headers or {}).items()))
        except MessageSizeTooLargeError as error:
            raise InvalidInput("message", got=f"{len(value)} bytes", expected="what the broker accepts") from error
        except KafkaError as error:
            raise BusUnavailable(f"Kafka did not take a message for {topic}: {error!r}") from error

    async def health(self) -> dict[str, Any]:
        """Number of topics that the brokers know; raises BusUnavailable."""
        try:
            client = await self._connected()
            metadata = await client.client.fetch_all_metadata()
        except KafkaError as error:
            raise BusUnavailable(f"Kafka at {self._brokers} cannot be reached: {error!r}") from error
        return {"topics": len(metadata.topics())}

    async def close(self) -> None:
        """Send what is buffered and close."""
        if self._client is not None:
            await self._client.stop()
            self._client = None

    async def _connected(self, topic: str = "") -> AIOKafkaProducer:
        """The client, which knows ``topic``: messages that wait for its metadata may be overtaken by later ones."""
        async with self._connecting:
            if self._client is None:
                client = AIOKafkaProducer(
                    **connection_arguments(self._brokers, self._security),
                    acks="all",
                    enable_idempotence=True,
                    max_request_size=2 * MAX_MESSAGE_BYTES,  # value, key and headers together
                    request_timeout_ms=REQUEST_TIMEOUT_MS,
                )
                try:
                    async with asyncio.timeout(CONNECT_SECONDS):
                        await client.start()
                except BaseException as error:
                    await client.stop()
                    if isinstance(error, TimeoutError):
                        raise BusUnavailable(
                            f"Kafka at {self._brokers} let nobody in for {CONNECT_SECONDS:g} s"
                        ) from error
                    raise
                self._client = client
            if topic and topic not in self._known:
                await self._client.partitions_for(topic)
                self._known.add(topic)
            return self._client


@dataclass(frozen=True)
class Message:
    """One message that MemoryProducer took."""

    topic: str
    key: str
    value: bytes
    headers: Mapping[str, bytes] = field(default_factory=dict)


class MemoryProducer:
    """The twin for tests and command line tools: keeps every message in order, refuses what Kafka would refuse."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def publish(self, topic: str, value: bytes, *, key: str, headers: Mapping[str, bytes] | None = None) -> None:
        """See Producer."""
        check_message(topic, value)
        self.messages.append(Message(topic, key, value, dict(headers or {})))

    def on(self, topic: str) -> list[Message]:
        """Messages of one topic, oldest first."""
        return [message for message in self.messages if message.topic == topic]
