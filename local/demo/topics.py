"""What a demo reads straight from Kafka: the dead letters, and how long parsing took between two topics."""

from __future__ import annotations

from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from shared.contracts.dead_letter import DeadLetter
from shared.contracts.topics import topics


async def read_all(brokers: str, topic: str) -> list[ConsumerRecord]:
    """Every message of a topic up to its present end."""
    consumer = AIOKafkaConsumer(bootstrap_servers=brokers, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(topics()[topic].partitions)]
        consumer.assign(partitions)
        ends: Mapping[TopicPartition, int] = await consumer.end_offsets(partitions)
        await consumer.seek_to_beginning(*partitions)
        found: list[ConsumerRecord] = []
        while any([await consumer.position(partition) < ends[partition] for partition in partitions]):
            batches = await consumer.getmany(timeout_ms=500)
            found += [record for batch in batches.values() for record in batch]
        return found
    finally:
        await consumer.stop()


async def dead_letters(brokers: str) -> list[DeadLetter]:
    """What could not be read, with the reasons: each message once, as one that is delivered again is kept again."""
    kept = [DeadLetter.from_json(record.value) for record in await read_all(brokers, "alerts.raw.dlq")]
    return list({(one.source_topic, one.value_base64, *sorted(one.headers.items())): one for one in kept}.values())


async def parse_milliseconds(brokers: str) -> list[int]:
    """Per alert: from its arrival on alerts.raw to its arrival on alerts.normalized."""
    arrived = {record.key: record.timestamp for record in await read_all(brokers, "alerts.raw")}
    parsed = await read_all(brokers, "alerts.normalized")
    return [record.timestamp - arrived[record.key] for record in parsed if record.key in arrived]
