"""Sends dead letters back to where they came from, and notes it on their topic, so that none goes twice by accident."""

from __future__ import annotations

import asyncio
import getpass
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cli.dead_letters.entry import Entry
from cli.dead_letters.topic import DeadLetterTopic
from local.send import send_event
from shared.bus.dead_letters import Original
from shared.bus.producer import KafkaProducer
from shared.bus.replay_history import ReplayHistory
from shared.contracts.dead_letter import MARK, DeadLetter, ReplayMark
from shared.contracts.topics import topics
from shared.errors import NotFound

HUB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,255}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Destination:
    """A Kafka topic or an event hub."""

    name: str
    is_hub: bool

    def __str__(self) -> str:
        return f"{'event hub' if self.is_hub else 'topic'} {self.name}"


def destination(entry: Entry) -> Destination:
    """Where the dead letter came from. Raises NotFound, which says why, if it cannot be sent back at all."""
    if entry.facts is None:
        raise NotFound("These bytes are not a dead letter: nothing says where they came from.")
    if entry.missing:
        raise NotFound(f"{len(entry.missing)} parts of this dead letter are missing.")
    source = entry.facts.source_topic
    if source in topics() and not source.endswith(".dlq"):
        return Destination(source, is_hub=False)
    if source not in topics() and HUB_NAME.fullmatch(source):
        return Destination(source, is_hub=True)
    raise NotFound(f"Its source {source!r:.100} is neither a topic that the product consumes nor an event hub.")


class Replayer:
    """Sends dead letters of one topic back; ``hub_connection`` is the namespace's connection string."""

    def __init__(self, topic: DeadLetterTopic, producer: KafkaProducer, hub_connection: str) -> None:
        self._topic = topic
        self._producer = producer
        self._hub_connection = hub_connection

    async def replay(self, entry: Entry) -> Destination:
        """Send one dead letter with its original key and headers, then note it: a crash in between may send it twice.

        A message that had no key gets the dead letter's id as its key, as it belonged to no partition.
        Raises InvalidInput when its source cannot take it, Retryable.
        """
        target = destination(entry)
        facts, original = await self._topic.read(entry)
        assert facts is not None  # destination() refused foreign bytes
        headers = original.headers | self._history(entry, facts).headers()
        if target.is_hub:
            await self._to_hub(target.name, facts, original, headers)
        else:
            key = facts.letter_id if facts.key is None else facts.key
            await self._producer.publish(target.name, original.value, key=key, headers=headers)
        mark = ReplayMark(
            letter_id=facts.letter_id,
            replayed_at=datetime.now(UTC).isoformat(timespec="seconds"),
            replayed_by=_operator(),
            destination=str(target),
        )
        # The dead letter's own key, so that the note follows it on its partition.
        key = facts.key or facts.letter_id
        await self._producer.publish(self._topic.name, mark.to_json(), key=key, headers={MARK: b"1"})
        return target

    async def _to_hub(self, hub: str, facts: DeadLetter, original: Original, headers: Mapping[str, bytes]) -> None:
        properties: dict[str | bytes, str] = {name: value.decode("utf-8", "replace") for name, value in headers.items()}
        await asyncio.to_thread(
            send_event, original.value, self._hub_connection, hub, key=facts.key, properties=properties
        )

    def _history(self, entry: Entry, facts: DeadLetter) -> ReplayHistory:
        place = f"{self._topic.name}/{entry.position.partition}/{entry.position.offset}"
        return ReplayHistory(facts.attempts, facts.first_failed_at, place)


def _operator() -> str:
    try:
        return getpass.getuser()
    except OSError:  # a container's user without a name
        return f"user {os.getuid()}"
