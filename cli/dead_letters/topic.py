"""Reads a dead-letter topic from its beginning to its present end, without a consumer group and in bounded memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError
from aiokafka.structs import ConsumerRecord

from cli.dead_letters.entry import Entry, Position, without_content
from shared.bus.connection import connection_arguments
from shared.bus.dead_letters import Original, reassemble
from shared.contracts.dead_letter import MARK, DeadLetter, ReplayMark
from shared.contracts.topics import topics
from shared.errors import BusUnavailable, ConfigurationError, InvalidInput, NotFound
from shared.settings import KafkaSecurity

KEPT = 20_000  # the newest dead letters of one partition that a survey remembers; each takes about a kilobyte
REQUEST_TIMEOUT_MS = 10_000
FETCH_WAIT_MS = 20  # a fetch that waits for new messages holds up every other request on its connection
SILENCE_MS = 15_000  # without a message, while there must be more


@dataclass(frozen=True, slots=True)
class Survey:
    """Dead letters, oldest first, and how many there are, including those that were too old to remember."""

    entries: list[Entry]
    total: int


class DeadLetterTopic:
    """An open topic."""

    def __init__(self, consumer: AIOKafkaConsumer, name: str) -> None:
        self._consumer = consumer
        self.name = name

    async def survey(self, wanted: Collection[Position] = ()) -> Survey:
        """Every dead letter with its replays, or only those at the ``wanted`` positions.

        Raises NotFound for a position that the topic does not have, KafkaError.
        """
        ids = {_identity(await self._record(position)): position for position in wanted}
        partitions = {position.partition for position in wanted}
        found: dict[str | Position, Entry] = {}
        total = 0
        for partition in sorted(self._consumer.assignment(), key=lambda one: one.partition):
            if not wanted or partition.partition in partitions:
                entries: dict[str | Position, Entry] = {}
                async for record in self._records(partition):
                    if not wanted or _identity(record) in ids:
                        total += _note(entries, record)
                    if len(entries) > KEPT:
                        del entries[next(iter(entries))]
                found |= entries
        for gone in ids.keys() - found.keys():
            raise NotFound(f"{self.name} {ids[gone]} only says that a dead letter was sent back, which itself is gone.")
        return Survey(sorted(found.values(), key=lambda entry: (entry.recorded_at, entry.position)), total)

    async def read(self, entry: Entry) -> tuple[DeadLetter | None, Original]:
        """What is known about the failure (None for foreign bytes), and the message.

        Raises InvalidInput when its parts do not fit together.
        """
        records = [await self._record(position) for _, position in sorted(entry.parts.items())]
        if entry.facts is None:
            return None, Original(
                records[0].value or b"", {name: value or b"" for name, value in records[0].headers}, []
            )
        parts = [DeadLetter.from_json(record.value) for record in records]
        return parts[0], reassemble(parts)

    async def _record(self, position: Position) -> ConsumerRecord:
        partition = TopicPartition(self.name, position.partition)
        if partition not in self._consumer.assignment():
            count = len(self._consumer.assignment())
            raise NotFound(f"{self.name} has no position {position}: its partitions are 0 to {count - 1}.")
        first = (await self._consumer.beginning_offsets([partition]))[partition]
        end = (await self._consumer.end_offsets([partition]))[partition]
        if not first <= position.offset < end:
            kept = (
                f"holds {partition.partition}:{first} to {partition.partition}:{end - 1}" if first < end else "is empty"
            )
            raise NotFound(f"{self.name} has no position {position}: partition {partition.partition} {kept}.")
        self._consumer.seek(partition, position.offset)
        records = await self._consumer.getmany(partition, timeout_ms=SILENCE_MS, max_records=1)
        for record in records.get(partition, ()):
            return record
        raise BusUnavailable(f"Kafka did not give the message at {self.name} {position} within {SILENCE_MS // 1000} s.")

    async def _records(self, partition: TopicPartition) -> AsyncIterator[ConsumerRecord]:
        end = (await self._consumer.end_offsets([partition]))[partition]
        await self._consumer.seek_to_beginning(partition)
        position = await self._consumer.position(partition)
        while position < end:
            batch = await self._consumer.getmany(partition, timeout_ms=SILENCE_MS)
            for record in batch.get(partition, ()):
                if record.offset < end:
                    yield record
            before, position = position, await self._consumer.position(partition)
            if position == before:
                raise BusUnavailable(f"Kafka gave nothing more of {self.name} within {SILENCE_MS // 1000} s.")


@asynccontextmanager
async def opened(brokers: str, security: KafkaSecurity, name: str) -> AsyncIterator[DeadLetterTopic]:
    """The dead-letter topic ``name``. Raises NotFound when there is none, BusUnavailable, ConfigurationError."""
    if name not in dead_letter_topics():
        raise NotFound(f"There is no dead-letter topic {name!r}; there are {', '.join(dead_letter_topics())}.")
    consumer = AIOKafkaConsumer(
        name,
        **connection_arguments(brokers, security),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        fetch_max_wait_ms=FETCH_WAIT_MS,
    )
    try:
        await _start(consumer, brokers)
        yield DeadLetterTopic(consumer, name)
    except UnknownTopicOrPartitionError as error:
        raise NotFound(f"Kafka at {brokers} does not have the topic {name} yet; `aluskort up` makes it.") from error
    except KafkaError as error:
        raise BusUnavailable(
            f"Kafka at {brokers} cannot be read: {error!r}. `aluskort up` starts the local one."
        ) from error
    finally:
        await consumer.stop()


async def _start(consumer: AIOKafkaConsumer, brokers: str) -> None:
    try:
        await consumer.start()
    except ValueError as error:
        raise ConfigurationError(f"ALUSKORT_KAFKA_BROKERS: got {brokers!r}, expected host:port,host:port.") from error


def dead_letter_topics() -> list[str]:
    """Names of the catalogue's dead-letter topics."""
    return [name for name in topics() if name.endswith(".dlq")]


def _note(entries: dict[str | Position, Entry], record: ConsumerRecord) -> int:
    """Add one record to what is known about its dead letter; 1 when that is a new one."""
    position = Position(record.partition, record.offset)
    message = _message(record)
    if isinstance(message, ReplayMark):
        if message.letter_id in entries:
            entries[message.letter_id].marks.append(message)
        return 0
    if isinstance(message, InvalidInput):
        entries[position] = Entry(
            position,
            record.timestamp,
            facts=None,
            foreign=f"{message.field}: {message.expected}",
            size=len(record.value or b""),
            parts={1: position},
        )
        return 1
    new = message.letter_id not in entries
    if new:
        entries[message.letter_id] = Entry(position, record.timestamp, without_content(message))
    entries[message.letter_id].take(message, position)
    return int(new)


def _identity(record: ConsumerRecord) -> str | Position:
    """What identifies a record's dead letter: its id, or the position of foreign bytes."""
    message = _message(record)
    return Position(record.partition, record.offset) if isinstance(message, InvalidInput) else message.letter_id


def _message(record: ConsumerRecord) -> DeadLetter | ReplayMark | InvalidInput:
    try:
        if any(name == MARK for name, _ in record.headers):
            return ReplayMark.from_json(record.value or b"")
        return DeadLetter.from_json(record.value or b"")
    except InvalidInput as error:
        return error
