"""The topics of a deployment against the catalogue: all there, with their partitions, kept as long as they must be."""

from __future__ import annotations

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from local.services.stack import CATALOGUE
from local.services.topics import DAY_MS, create
from shared.bus.connection import connection_arguments
from shared.contracts.topics import topics
from shared.errors import BusUnavailable, ConfigurationError
from shared.settings import KafkaSecurity, Settings

PATIENCE_MS = 10_000


async def make_missing(settings: Settings) -> list[str]:
    """Create the missing topics on a plain Kafka and return their names. Raises ConfigurationError for Event Hubs."""
    if settings.kafka.security is KafkaSecurity.ENTRA:
        raise ConfigurationError("--topics: those of an Event Hubs namespace are made by Terraform; add --check.")
    return await create(CATALOGUE, brokers=settings.kafka.brokers)


async def topic_faults(settings: Settings) -> list[str]:
    """A sentence for every topic that differs from the catalogue. Raises BusUnavailable."""
    client = admin(settings)
    try:
        await client.start()
        found = {entry["topic"]: len(entry["partitions"]) for entry in await client.describe_topics()}
        faults = []
        for topic in topics().values():
            if topic.name not in found:
                faults.append(f"{topic.name} is missing")
            elif found[topic.name] != topic.partitions:
                faults.append(f"{topic.name} has {found[topic.name]} partitions, expected {topic.partitions}")
        if settings.kafka.security is KafkaSecurity.PLAINTEXT:  # Event Hubs shows retention only through its own API
            faults += await _retention_faults(client, [name for name in topics() if name in found])
    except (KafkaError, OSError) as error:
        raise BusUnavailable(f"Kafka at {settings.kafka.brokers} cannot be queried: {error!r}") from error
    finally:
        await client.close()
    return faults


def admin(settings: Settings) -> AIOKafkaAdminClient:
    """A client to ask the brokers with; the caller starts and closes it."""
    arguments = connection_arguments(settings.kafka.brokers, settings.kafka.security)
    return AIOKafkaAdminClient(**arguments, request_timeout_ms=PATIENCE_MS)


async def _retention_faults(client: AIOKafkaAdminClient, names: list[str]) -> list[str]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, configs={"retention.ms": None}) for name in names]
    faults = []
    for answer in await client.describe_configs(resources):
        for _, _, _, name, entries in answer.resources:
            kept = {entry[0]: entry[1] for entry in entries}.get("retention.ms")
            wanted = topics()[name].retention_days * DAY_MS
            if kept is not None and int(kept) != wanted:
                faults.append(f"{name} keeps messages {int(kept) / DAY_MS:g} days, expected {wanted // DAY_MS}")
    return faults
