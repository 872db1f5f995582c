"""What stands on a topic for one key, read to its present end."""

from __future__ import annotations

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.bus.producer import Message
from shared.contracts.topics import topics


async def messages_of(brokers: str, topic: str, key: str) -> list[Message]:
    """Messages of one key, oldest first; a key has one partition, so their order is the producer's."""
    consumer = AIOKafkaConsumer(bootstrap_servers=brokers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(topics()[topic].partitions)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        found: list[Message] = []
        while any([await consumer.position(partition) < ends[partition] for partition in partitions]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += [
                    Message(topic, record.key.decode(), record.value, dict(record.headers))
                    for record in records
                    if record.key == key.encode()
                ]
        return found
    finally:
        await consumer.stop()
