"""Publishing: one interface, on Kafka (acks=all, idempotent) and in memory for tests and tools."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RequestTimedOutError,
)

from shared.bus.connection import connection_arguments
from shared.contracts.topics import MAX_MESSAGE_BYTES, topics
from shared.errors import BusUnavailable, InvalidInput
from shared.settings import KafkaSecurity

REQUEST_TIMEOUT_MS = 10_000
CONNECT_SECONDS = 10.0  # aiokafka takes a refused token for an accepted one and would then wait for ever
PUBLISH_SECONDS = 15.0  # for one message, connecting included; a relay that died holds its claims three times as long
FAIL_FAST_SECONDS = 5.0  # how long nobody asks brokers again that have just failed
# The brokers' own trouble; other errors are one topic's or one message's.
UNREACHABLE = (KafkaConnectionError, KafkaTimeoutError, RequestTimedOutError)


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


def _seen(task: asyncio.Task[Any]) -> None:
    """Whoever waited for the task may have given up; asyncio would report its error as unseen."""
    if not task.cancelled():
        task.exception()


class KafkaProducer:
    """The real thing; connects on first use, once a process.

    Whoever needs the connection while it is being made shares the one attempt. After a failure every call fails at once
    for FAIL_FAST_SECONDS, so that callers go on with what needs no Kafka.
    """

    def __init__(self, brokers: str, security: KafkaSecurity = KafkaSecurity.PLAINTEXT) -> None:
        self._brokers = brokers
        self._security = security
        self._client: AIOKafkaProducer | None = None
        self._connecting: asyncio.Task[AIOKafkaProducer] | None = None
        self._known: dict[str, asyncio.Task[Any]] = {}
        self._failing_until = 0.0
        self._failure = ""

    async def publish(self, topic: str, value: bytes, *, key: str, headers: Mapping[str, bytes] | None = None) -> None:
        """See Producer."""
        check_message(topic, value)
        self._refuse_while_failing()
        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                client = await self._connected()
                await self._know(client, topic)
                await client.send_and_wait(topic, value, key=key.encode(), headers=list((headers or {}).items()))
        except MessageSizeTooLargeError as error:
            raise InvalidInput("message", got=f"{len(value)} bytes", expected="what the broker accepts") from error
        except TimeoutError as error:
            raise self._failing(f"took no message for {topic} within {PUBLISH_SECONDS:g} s") from error
        except KafkaError as error:
            failure = f"did not take a message for {topic}: {error!r}"
            failed = self._failing if isinstance(error, UNREACHABLE) else self._unavailable
            raise failed(failure) from error

    async def health(self) -> dict[str, Any]:
        """Number of topics that the brokers know; raises BusUnavailable."""
        self._refuse_while_failing()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                client = await self._connected()
                metadata = await client.client.fetch_all_metadata()
        except (KafkaError, TimeoutError) as error:
            raise self._failing(f"cannot be reached: {error!r}") from error
        return {"topics": len(metadata.topics())}

    async def close(self) -> None:
        """Send what is buffered and close."""
        if self._connecting is not None and not self._connecting.done():
            self._connecting.cancel()
            await asyncio.wait([self._connecting])
        if self._client is not None:
            await self._client.stop()
            self._client = None

    async def _connected(self) -> AIOKafkaProducer:
        if self._client is not None:
            return self._client
        if self._connecting is None or self._connecting.done():
            self._connecting = asyncio.create_task(self._connect())
            self._connecting.add_done_callback(_seen)
        return await asyncio.shield(self._connecting)  # whoever gives up leaves the attempt to the others

    async def _connect(self) -> AIOKafkaProducer:
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
                raise KafkaConnectionError(f"let nobody in for {CONNECT_SECONDS:g} s") from error
            raise
        self._client = client
        return client

    async def _know(self, client: AIOKafkaProducer, topic: str) -> None:
        """Have the client know ``topic``: messages that wait for its metadata may be overtaken by later ones."""
        asked = self._known.get(topic)
        if asked is None or (asked.done() and (asked.cancelled() or asked.exception())):
            asked = self._known[topic] = asyncio.create_task(client.partitions_for(topic))
            asked.add_done_callback(_seen)
        await asyncio.shield(asked)

    def _failing(self, failure: str) -> BusUnavailable:
        """The error for this call, and for every one of the next FAIL_FAST_SECONDS."""
        self._failure = failure
        self._failing_until = time.monotonic() + FAIL_FAST_SECONDS
        return self._unavailable(failure)

    def _refuse_while_failing(self) -> None:
        if time.monotonic() < self._failing_until:
            raise self._unavailable(self._failure)

    def _unavailable(self, failure: str) -> BusUnavailable:
        return BusUnavailable(f"Kafka at {self._brokers} {failure}")


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
