"""How much waits between the parts of the product: in the outbox, on the topics, and among the dead letters."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.bus.connection import connection_arguments
from shared.bus.outbox import waiting_messages
from shared.contracts.statistics import Backlog, QueueLag
from shared.contracts.topics import topics
from shared.settings import KafkaSecurity
from shared.stores.postgres import Postgres

PATIENCE_SECONDS = 5.0
GROUPS = "aluskort."  # what the names of our groups of consumers begin with

log = logging.getLogger(__name__)


class BacklogReader:
    """Asks PostgreSQL and Kafka."""

    def __init__(self, postgres: Postgres, brokers: str, security: KafkaSecurity) -> None:
        self._postgres = postgres
        self._brokers = brokers
        self._security = security

    async def read(self) -> Backlog:
        """What waits now. Raises StoreUnavailable; what Kafka does not say is None."""
        outbox, oldest_at = await waiting_messages(self._postgres)
        queues, dead_letters = await self._on_topics()
        return Backlog(outbox=outbox, outbox_oldest_at=oldest_at, queues=queues, dead_letters=dead_letters)

    async def _on_topics(self) -> tuple[list[QueueLag] | None, dict[str, int] | None]:
        arguments = connection_arguments(self._brokers, self._security)
        consumer = AIOKafkaConsumer(**arguments, enable_auto_commit=False)
        admin = AIOKafkaAdminClient(**arguments)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await asyncio.gather(consumer.start(), admin.start())
                places = _places()
                begins = await consumer.beginning_offsets(places)
                ends = await consumer.end_offsets(places)
                committed = await _committed(admin)
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("Kafka does not say how much waits: %r", error)
            return None, None
        finally:
            await asyncio.gather(consumer.stop(), admin.close(), return_exceptions=True)
        return _lags(committed, begins, ends), _dead_letters(begins, ends)


def _places() -> list[TopicPartition]:
    return [TopicPartition(topic.name, number) for topic in topics().values() for number in range(topic.partitions)]


async def _committed(admin: AIOKafkaAdminClient) -> dict[str, dict[TopicPartition, int]]:
    """By group, what it has handled."""
    names = sorted({name for name, *_ in await admin.list_consumer_groups() if name.startswith(GROUPS)})
    offsets = await asyncio.gather(*(admin.list_consumer_group_offsets(name) for name in names))
    return {
        name: {place: found.offset for place, found in of_group.items() if found.offset >= 0}
        for name, of_group in zip(names, offsets, strict=True)
    }


def _lags(
    committed: Mapping[str, Mapping[TopicPartition, int]],
    begins: Mapping[TopicPartition, int],
    ends: Mapping[TopicPartition, int],
) -> list[QueueLag]:
    """A partition of which a group has handled nothing yet waits whole."""
    found = []
    for group, handled in committed.items():
        for topic in sorted({place.topic for place in handled} & {place.topic for place in ends}):
            places = [place for place in ends if place.topic == topic]
            waiting = sum(max(0, ends[place] - handled.get(place, begins[place])) for place in places)
            found.append(QueueLag(topic=topic, group=group, waiting=waiting))
    return found


def _dead_letters(begins: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]) -> dict[str, int]:
    kept = {topic.dead_letters for topic in topics().values()} - {""}
    counted = defaultdict[str, int](int)
    for place, end in ends.items():
        if place.topic in kept:
            counted[place.topic] += end - begins[place]
    return dict(sorted(counted.items()))
