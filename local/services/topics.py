"""Makes the topics of the one catalogue, ``shared/contracts/topics.json``, on a Kafka broker."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from local.services.process import ServiceFailed

DAY_MS = 86_400_000
MESSAGE_LIMIT = "1048576"  # bytes, as in Azure
EXISTS = 36  # Kafka's error code TOPIC_ALREADY_EXISTS


async def create(catalogue: Path, *, brokers: str) -> list[str]:
    """Make every topic of ``catalogue`` that is missing and return the names of those made.

    :raises ServiceFailed: the broker refused a topic, or the catalogue is not as it should be.
    """
    wanted = _read(catalogue)
    client = AIOKafkaAdminClient(bootstrap_servers=brokers)
    await client.start()
    try:
        present = set(await client.list_topics())
        missing = [topic for topic in wanted if topic.name not in present]
        if not missing:
            return []
        answer = await client.create_topics(missing, timeout_ms=20_000)
    finally:
        await client.close()
    refused = [f"{name}: {reason}" for name, code, reason in answer.topic_errors if code not in {0, EXISTS}]
    if refused:
        raise ServiceFailed(f"Kafka refused topics: {'; '.join(refused)}")
    return [topic.name for topic in missing]


def _read(catalogue: Path) -> list[NewTopic]:
    try:
        entries: list[dict[str, Any]] = json.loads(catalogue.read_text())["topics"]
        return [
            NewTopic(
                name=entry["name"],
                num_partitions=entry["partitions"],
                replication_factor=1,
                topic_configs={
                    "retention.ms": str(entry["retention_days"] * DAY_MS),
                    "max.message.bytes": MESSAGE_LIMIT,
                },
            )
            for entry in entries
        ]
    except (OSError, ValueError, KeyError, TypeError) as cause:
        raise ServiceFailed(f"the topic catalogue {catalogue} cannot be used: {cause!r}") from cause
