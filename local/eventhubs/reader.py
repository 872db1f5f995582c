"""A receiver of one partition."""

from __future__ import annotations

import time

from local.eventhubs.engine import Engine
from local.eventhubs.event_bytes import receiver_metrics
from local.eventhubs.link import Link
from local.eventhubs.membership import Member, join
from local.eventhubs.partition import Partition
from local.eventhubs.refusal import Condition, Refused

METRICS_CAPABILITY = "com.microsoft:enable-receiver-runtime-metric"
LEVEL_PROPERTY = "com.microsoft:epoch"
TURN_LIMIT = 2 * 1024 * 1024  # bytes that a reader queues before the socket and other readers get their turn


class Reader:
    """Sends a partition's events as the link's credit and the session's window allow."""

    def __init__(self, engine: Engine, link: Link, partition: Partition, member: Member) -> None:
        self.link = link
        self._engine = engine
        self._partition = partition
        self._member = member
        self._next = partition.first_after(link.selector)
        self._metrics = METRICS_CAPABILITY in link.capabilities

    def join(self) -> None:
        """Begin to read; an owner level ends the readers that it beats. Refused when one beats it."""
        join(self._partition.members, self._member)

    def leave(self) -> None:
        """Stop reading; harmless when it does not read."""
        if self._member in self._partition.members:
            self._partition.members.remove(self._member)

    def pump(self) -> None:
        """Send what may be sent now; asks for another turn after TURN_LIMIT bytes. StoreUnavailable passes through."""
        todo = min(self.link.credit, self._partition.last.sequence + 1 - self._next)
        if todo <= 0:
            return
        extra = receiver_metrics(self._partition.last, time.time_ns() // 10**6) if self._metrics else b""
        sent = 0
        for header_size, message in self._partition.read(self._next, todo):
            if not self._engine.send(self.link, message[:header_size], extra, message[header_size:]):
                return
            self._next += 1
            sent += len(message)
            if sent > TURN_LIMIT:
                self._member.wake()
                return


def owner_level(link: Link) -> int | None:
    """Return the owner level that a receiver asks for; Refused when it is no number."""
    level = link.properties.get(LEVEL_PROPERTY)
    if level is not None and not isinstance(level, int):
        raise Refused(Condition.INVALID_FIELD, f"{LEVEL_PROPERTY} must be a whole number.")
    return level
