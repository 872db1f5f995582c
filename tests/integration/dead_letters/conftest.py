"""An operator at the command line, on a real Kafka and a real Event Hubs namespace."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner, Result

from cli.app import app
from local.services.stack import CATALOGUE
from local.services.topics import create
from shared.bus.dead_letters import publish_dead_letter
from shared.bus.producer import KafkaProducer, MemoryProducer, Message
from shared.errors import InvalidInput

REFUSED = InvalidInput("CanonicalAlert.title", got="", expected="a title")


@dataclass(frozen=True)
class Operator:
    """Runs `aluskort dlq` and puts dead letters on topics; ``key`` marks this test's own."""

    brokers: str
    event_hubs: str
    key: str

    def run(self, *arguments: str, answer: str = "") -> Result:
        environment = {"ALUSKORT_KAFKA_BROKERS": self.brokers, "ALUSKORT_SENTINEL_EVENTHUB": self.event_hubs}
        return CliRunner().invoke(app, ["dlq", *arguments], env=environment, input=answer)

    def listed(self, topic: str) -> list[dict[str, Any]]:
        """This test's dead letters of a topic, newest last."""
        shown = self.run("list", topic, "--json", "--limit", "10000")
        assert shown.exit_code == 0, shown.output
        return [dead_letter for dead_letter in json.loads(shown.stdout) if dead_letter.get("key") == self.key]

    def put(self, topic: str, value: bytes, *, source: str, headers: Mapping[str, bytes] | None = None) -> str:
        """Publish a dead letter as the product does and return its position."""

        async def publish() -> None:
            producer = KafkaProducer(self.brokers)
            await publish_dead_letter(
                producer, REFUSED, value, topic=topic, source_topic=source, key=self.key, headers=headers
            )
            await producer.close()

        asyncio.run(publish())
        return str(self.listed(topic)[-1]["position"])

    def messages_of_dead_letter(self, value: bytes, *, source: str) -> list[Message]:
        """What the product would publish for a message, unpublished."""
        memory = MemoryProducer()
        asyncio.run(
            publish_dead_letter(memory, REFUSED, value, topic="alerts.raw.dlq", source_topic=source, key=self.key)
        )
        return memory.messages

    def put_bytes(self, topic: str, value: bytes, *, header: str = "h") -> str:
        """Put any bytes on a topic under this test's key and return their position."""

        async def send() -> str:
            producer = AIOKafkaProducer(bootstrap_servers=self.brokers)
            await producer.start()
            try:
                sent = await producer.send_and_wait(topic, value, key=self.key.encode(), headers=[(header, b"1")])
            finally:
                await producer.stop()
            return f"{sent.partition}:{sent.offset}"

        return asyncio.run(send())


@pytest.fixture(scope="session")
def brokers(kafka_brokers: str) -> Iterator[str]:
    asyncio.run(create(CATALOGUE, brokers=kafka_brokers))
    yield kafka_brokers


@pytest.fixture
def operator(brokers: str, event_hubs: str) -> Operator:
    return Operator(brokers, event_hubs, uuid4().hex)
