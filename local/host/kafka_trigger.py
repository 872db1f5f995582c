"""Kafka triggers: one aiokafka consumer per function, with the Functions extension's delivery and commit rules.

Offsets are stored after the invocation and committed every autoCommitIntervalMs: a crash redelivers.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from local.host import datums
from local.host.app_settings import AppSettings
from local.host.broker import Broker
from local.host.function import IndexedFunction
from local.host.host_json import KafkaOptions
from local.host.outage import Outage
from local.host.worker import HostStopping, InvocationFailed, Target
from shared.errors import ConfigurationError

log = logging.getLogger(__name__)

# The heartbeat alone proves that a consumer lives: a function under retry may hold its partition as long as it takes.
MAX_POLL_INTERVAL_MS = 24 * 60 * 60 * 1000
REBALANCE_TIMEOUT_MS = 60_000
RECONNECT_SECONDS = 1.0
TOPIC_CHECK_SECONDS = 1.0
_PROTOCOLS = {"NOTSET": "PLAINTEXT", "PLAINTEXT": "PLAINTEXT", "SSL": "SSL", "SASLPLAINTEXT": "SASL_PLAINTEXT"} | {
    "SASLSSL": "SASL_SSL"
}
_MECHANISMS = {"NOTSET": "PLAIN", "PLAIN": "PLAIN", "SCRAMSHA256": "SCRAM-SHA-256", "SCRAMSHA512": "SCRAM-SHA-512"}


class KafkaTrigger:
    """Feeds one function from its topic until told to stop."""

    def __init__(
        self, target: Target, *, options: KafkaOptions, settings: AppSettings, broker: Broker, host_id: str
    ) -> None:
        function = target.function
        self._function = function
        self._target = target
        self._options = options
        self._broker = broker
        self._topic = str(function.trigger["topic"])
        self._data_type = _data_type(function)
        self._outage = Outage(f"Topic {self._topic} of function {function.name}")
        self._stored: dict[TopicPartition, int] = {}
        self._committing = asyncio.Lock()
        self._arguments = self._consumer_arguments(settings, host_id)

    @property
    def title(self) -> str:
        """What the start log says about this trigger."""
        return f"kafkaTrigger {self._topic} as {self._arguments['group_id']}"

    async def run(self, ready: Callable[[], None]) -> None:
        """Consume until the host stops; calls `ready` once the consumer is subscribed or waits for its topic."""
        while not self._target.stopping.is_set():
            consumer = AIOKafkaConsumer(**self._arguments)
            try:
                await consumer.start()
                self._outage.over()
                if await self._subscribe(consumer, ready):
                    await self._consume(consumer)
            except (KafkaError, OSError) as error:
                if await self._broker.reachable():  # else the broker's own watch has logged it, once for all functions
                    self._outage.report(error)
                await _sleep_unless(self._target.stopping, RECONNECT_SECONDS)
            finally:
                await _quietly(consumer.stop())

    async def _subscribe(self, consumer: AIOKafkaConsumer, ready: Callable[[], None]) -> bool:
        """Wait for the topic and subscribe; False when the host stops before the topic exists."""
        warned = False
        while self._topic not in await consumer.topics():
            if not warned:
                warned = True
                log.warning("Function %s waits: topic %s does not exist.", self._function.name, self._topic)
                ready()
            await _sleep_unless(self._target.stopping, TOPIC_CHECK_SECONDS)
            if self._target.stopping.is_set():
                return False
        consumer.subscribe([self._topic], listener=_CommitOnRevoke(lambda: self._commit(consumer)))
        ready()
        return True

    async def _consume(self, consumer: AIOKafkaConsumer) -> None:
        self._stored.clear()
        committer = asyncio.create_task(self._commit_regularly(consumer))
        stopping = asyncio.create_task(self._target.stopping.wait())
        try:
            while not stopping.done():
                poll = asyncio.create_task(
                    consumer.getmany(
                        timeout_ms=self._options.subscriber_interval_in_seconds * 1000,
                        max_records=self._options.max_batch_size,
                    )
                )
                await asyncio.wait({poll, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if not poll.done():
                    poll.cancel()
                    await _quietly(poll)
                    break
                if batch := poll.result():
                    await (self._deliver_many(batch) if self._function.reads_many else self._deliver_one_by_one(batch))
        except HostStopping:
            log.info("Function %s gives its unfinished messages back; they come again.", self._function.name)
        finally:
            stopping.cancel()
            committer.cancel()
            await _quietly(committer)
            await self._commit(consumer)

    async def _deliver_one_by_one(self, batch: dict[TopicPartition, list[ConsumerRecord]]) -> None:
        """Partitions in parallel, in order inside each; all of them end before an error is raised."""
        results = await asyncio.gather(
            *(self._deliver_partition(partition, records) for partition, records in batch.items()),
            return_exceptions=True,
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _deliver_partition(self, partition: TopicPartition, records: Sequence[ConsumerRecord]) -> None:
        for record in records:
            if self._target.stopping.is_set():
                raise HostStopping("the host stops")
            await self._deliver(datums.kafka_one(record, self._data_type), f"{partition.partition}/{record.offset}")
            self._stored[partition] = record.offset + 1

    async def _deliver_many(self, batch: dict[TopicPartition, list[ConsumerRecord]]) -> None:
        records = [record for of_partition in batch.values() for record in of_partition]
        place = ", ".join(f"{p.partition}/{r[0].offset}-{r[-1].offset}" for p, r in batch.items())
        await self._deliver(datums.kafka_many(records, self._data_type), place)
        for partition, of_partition in batch.items():
            self._stored[partition] = of_partition[-1].offset + 1

    async def _deliver(self, payload: datums.Payload, place: str) -> None:
        """Invoke until it succeeds or host.json's maxRetries is reached; returning means: store the offset."""
        failures = 0
        while True:
            try:
                await self._target.invoke(*payload)
                return
            except InvocationFailed:
                failures += 1
            if self._target.stopping.is_set():
                raise HostStopping("the host stops")
            if self._options.commit_on_failure or failures > self._options.max_retries:
                log.error(
                    "Function %s skips %s %s: failed %d times.", self._function.name, self._topic, place, failures
                )
                return

    async def _commit_regularly(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            await asyncio.sleep(self._options.auto_commit_interval_ms / 1000)
            await self._commit(consumer)

    async def _commit(self, consumer: AIOKafkaConsumer) -> None:
        """Commit stored offsets of partitions that are still ours; what cannot be committed is redelivered later."""
        async with self._committing:
            await self._commit_stored(consumer)

    async def _commit_stored(self, consumer: AIOKafkaConsumer) -> None:
        stored, self._stored = self._stored, {}
        mine = {partition: offset for partition, offset in stored.items() if partition in consumer.assignment()}
        if not mine:
            return
        try:
            await consumer.commit(mine)
        except (CommitFailedError, IllegalStateError):
            log.info(
                "Function %s lost partitions before it could commit; their messages come again.", self._function.name
            )
        except KafkaError as error:
            self._stored = mine | self._stored
            self._outage.report(error)
        else:
            self._outage.over()

    def _consumer_arguments(self, settings: AppSettings, host_id: str) -> dict[str, Any]:
        trigger = self._function.trigger
        if trigger.get("eventHubConnectionString"):
            raise ConfigurationError(
                f"Function {self._function.name}: eventHubConnectionString is unknown to the extension's scaler, so "
                "on a Flex plan nothing wakes the function. Give protocol, authenticationMode, username and password."
            )
        protocol = _choice(self._function, "protocol", _PROTOCOLS)
        arguments: dict[str, Any] = {
            "bootstrap_servers": self._broker.servers,
            "group_id": str(trigger.get("consumerGroup") or "$Default"),
            # A static member: a host that restarts after a kill gets its partitions back without waiting.
            "group_instance_id": f"{host_id}-{self._function.name}",
            "enable_auto_commit": False,
            "auto_offset_reset": self._options.auto_offset_reset.lower(),
            "session_timeout_ms": self._options.session_timeout_ms,
            "heartbeat_interval_ms": self._options.session_timeout_ms // 3,
            "max_poll_interval_ms": MAX_POLL_INTERVAL_MS,
            "rebalance_timeout_ms": REBALANCE_TIMEOUT_MS,
            "metadata_max_age_ms": self._options.metadata_max_age_ms,
            "fetch_max_bytes": self._options.fetch_max_bytes,
            "max_partition_fetch_bytes": self._options.max_partition_fetch_bytes,
            "security_protocol": protocol,
        }
        if "SSL" in protocol:
            arguments["ssl_context"] = ssl.create_default_context()
        if "SASL" in protocol:
            arguments["sasl_mechanism"] = _choice(self._function, "authenticationMode", _MECHANISMS)
            arguments["sasl_plain_username"] = _secret(trigger.get("username"), settings)
            arguments["sasl_plain_password"] = _secret(trigger.get("password"), settings)
        return arguments


class _CommitOnRevoke(ConsumerRebalanceListener):  # type: ignore[misc]
    """Commits what is stored before partitions go to another host."""

    def __init__(self, commit: Callable[[], Awaitable[None]]) -> None:
        self._commit = commit

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        if revoked:
            await self._commit()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Nothing to do: aiokafka reads the committed offsets itself."""


def broker_list(function: IndexedFunction, settings: AppSettings) -> str:
    """The function's bootstrap servers; as in Azure the attribute may also be the bare name of a setting."""
    given = str(function.trigger["brokerList"])
    return settings.find(given) or given


def _data_type(function: IndexedFunction) -> datums.DataType:
    given = function.trigger.get("dataType")
    if given is None and not function.reads_many:
        return "string"
    match str(given).upper():
        case "BINARY":
            return "binary"
        case "STRING":
            return "string"
    raise ConfigurationError(
        f"Function {function.name}: got dataType {given!r}, expected binary or string (cardinality MANY needs one)."
    )


def _choice(function: IndexedFunction, name: str, choices: dict[str, str]) -> str:
    given = str(function.trigger.get(name) or "NOTSET").upper()
    if given not in choices:
        raise ConfigurationError(
            f"Function {function.name}: got {name} {given}, expected one of {', '.join(choices)} on the local host."
        )
    return choices[given]


def _secret(value: Any, settings: AppSettings) -> str:
    """The value, or the setting of that name when there is one (as the extension resolves it)."""
    return settings.find(str(value)) or str(value)


async def _sleep_unless(stopping: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return


async def _quietly(work: Awaitable[Any]) -> None:
    """Await the end of something that is being abandoned; its failure no longer matters."""
    try:
        await work
    except (asyncio.CancelledError, KafkaError, OSError) as error:
        log.debug("While closing a consumer: %s", error)
