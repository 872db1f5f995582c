"""Hosts on the sample app, with topics of their own on the shared broker."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.integration.host.sample_host import APPS, SampleHost

PARTITIONS = 2


class Topics:
    """The sample app's topics under one prefix: `one`, `envelope`, `many`, `retried`."""

    def __init__(self, brokers: str) -> None:
        self.brokers = brokers
        self.prefix = f"host-{uuid.uuid4().hex[:8]}"

    async def create(self, *names: str) -> None:
        """Make the topics."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.brokers)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(f"{self.prefix}.{name}", PARTITIONS, 1) for name in names])
        finally:
            await admin.close()

    async def send(self, name: str, *bodies: str, partition: int = 0, key: str | None = None) -> None:
        """Send messages in order to one partition, each with the header `h: v`."""
        producer = AIOKafkaProducer(bootstrap_servers=self.brokers)
        await producer.start()
        try:
            for body in bodies:
                await producer.send(
                    f"{self.prefix}.{name}",
                    body.encode(),
                    key=key.encode() if key else None,
                    partition=partition,
                    headers=[("h", b"v")],
                )
            await producer.flush()
        finally:
            await producer.stop()


@pytest.fixture(scope="module")
async def topics(kafka_brokers: str) -> Topics:
    """Fresh topics for one test module."""
    own = Topics(kafka_brokers)
    await own.create("one", "envelope", "many", "retried")
    return own


@pytest.fixture(scope="module")
def make_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., SampleHost]]:
    """Makes hosts, each in a folder of its own unless one is given; all are killed at the end."""
    made: list[SampleHost] = []

    def make(folder: Path | None = None, *, app: Path = APPS / "sample", **environment: str) -> SampleHost:
        host = SampleHost(folder or tmp_path_factory.mktemp("host"), app=app, **environment)
        made.append(host)
        return host

    yield make
    for host in made:
        host.kill()


@pytest.fixture(scope="module")
async def sample(topics: Topics, azurite: str, make_host: Callable[..., SampleHost]) -> AsyncIterator[SampleHost]:
    """A ready host on the sample app; a test that stops it starts it again."""
    host = make_host(
        SAMPLE_TOPIC=topics.prefix, SAMPLE_BROKERS=topics.brokers, SAMPLE_HUB="sample", AzureWebJobsStorage=azurite
    )
    host.start()
    yield host
    assert host.stop() == 0
