"""Kafka and Event Hubs: the topics, the right to send and to read, and how far the consumers are."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from azure.core.exceptions import AzureError
from azure.eventhub.aio import EventHubConsumerClient
from azure.eventhub.exceptions import EventHubError
from azure.identity.aio import DefaultAzureCredential

from cli.deployment.finding import Finding, Target, failed, not_applicable, ok, warning
from cli.deployment.network import event_hubs_address, hubs_read
from cli.deployment.topics import admin, topic_faults
from shared.bus.connection import connection_arguments
from shared.bus.producer import KafkaProducer
from shared.contracts.topics import topics
from shared.errors import AluskortError
from shared.settings import KafkaSecurity

OURS = "aluskort."
LAG_LIMIT = 1000  # messages of one group; a burst is normal, a growing backlog is not
CONSUMER_GROUP = "$Default"


async def kafka(target: Target) -> AsyncIterator[Finding]:
    """Topics, the right to send (nothing is sent), the triggers' login, lag."""
    settings = target.settings
    producer = KafkaProducer(settings.kafka.brokers, settings.kafka.security)
    try:
        await producer.health()
        yield ok("Kafka: sending", "this identity may send; nothing was sent")
        faults = await topic_faults(settings)
    except AluskortError as error:
        yield failed("Kafka: sending", error, "Check the brokers; the identity needs Azure Event Hubs Data Sender.")
        return
    finally:
        await producer.close()
    if faults:
        yield failed(
            "Kafka: topics", "; ".join(faults), "Terraform makes them in Azure, elsewhere aluskort migrate --topics."
        )
    else:
        yield ok("Kafka: topics", f"{len(topics())}, each with its partitions and retention")
    yield await _triggers(target)
    yield await _lag(target)


async def _triggers(target: Target) -> Finding:
    name, secret = "Kafka: triggers' login", target.settings.kafka.trigger_connection
    if target.settings.kafka.security is KafkaSecurity.PLAINTEXT or secret is None:
        return not_applicable(name, "this Kafka needs none")
    consumer = AIOKafkaConsumer(
        bootstrap_servers=target.settings.kafka.brokers,
        security_protocol="SASL_SSL",
        sasl_mechanism="PLAIN",
        sasl_plain_username="$ConnectionString",
        sasl_plain_password=secret.get_secret_value(),
        ssl_context=ssl.create_default_context(),
    )
    try:
        await consumer.start()
        return ok(name, "the connection string is accepted")
    except (KafkaError, OSError) as error:
        return failed(
            name, repr(error), "Check the Key Vault reference of ALUSKORT_KAFKA_TRIGGER_CONNECTION and local auth."
        )
    finally:
        await consumer.stop()


async def _lag(target: Target) -> Finding:
    name = "Kafka: consumers"
    client = admin(target.settings)
    consumer = AIOKafkaConsumer(**connection_arguments(target.settings.kafka.brokers, target.settings.kafka.security))
    try:
        await client.start()
        await consumer.start()
        lags = {}
        for group in sorted({entry[0] for entry in await client.list_consumer_groups() if entry[0].startswith(OURS)}):
            done = await client.list_consumer_group_offsets(group)
            ends = await consumer.end_offsets(list(done)) if done else {}
            lags[group] = sum(max(0, ends[place] - max(0, meta.offset)) for place, meta in done.items())
    except (KafkaError, OSError) as error:
        return not_applicable(name, f"this identity may not read offsets: {error!r}")
    finally:
        await consumer.stop()
        await client.close()
    if not lags:
        return warning(name, "no function has read anything yet", "Start the function app.")
    behind = {group: lag for group, lag in lags.items() if lag > LAG_LIMIT}
    if behind:
        listed = ", ".join(f"{group} {lag}" for group, lag in behind.items())
        return warning(name, f"messages waiting: {listed}", "See whether their functions run and what they log.")
    return ok(name, f"{len(lags)} groups, {sum(lags.values())} messages waiting")


async def event_hubs(target: Target) -> AsyncIterator[Finding]:
    """The hubs of alerts exist and may be read."""
    endpoint, hubs = event_hubs_address(target), hubs_read(target.variables)
    if not hubs:
        yield not_applicable("Event Hubs", "there is no hub: Sentinel is polled, other SIEMs push over HTTP")
    for name, variable in hubs.items():
        hub = target.variables.get(variable, "")
        if endpoint is None or not hub:
            todo = f"Set {variable} and ALUSKORT_SENTINEL_EVENTHUB__fullyQualifiedNamespace."
            yield failed(name, "no connection", todo)
        else:
            yield await _hub(name, hub, endpoint.host, target.variables.get("ALUSKORT_SENTINEL_EVENTHUB", ""))


async def _hub(name: str, hub: str, host: str, connection: str) -> Finding:
    client = (
        EventHubConsumerClient.from_connection_string(connection, CONSUMER_GROUP, eventhub_name=hub, retry_total=1)
        if connection
        else EventHubConsumerClient(host, hub, CONSUMER_GROUP, credential=DefaultAzureCredential(), retry_total=1)
    )
    async with client:
        try:
            partitions = (await client.get_eventhub_properties())["partition_ids"]
        except (EventHubError, AzureError) as error:
            return failed(name, error, f"Make the hub {hub}; the identity needs Azure Event Hubs Data Receiver.")
    return ok(name, f"{hub}, {len(partitions)} partitions")
