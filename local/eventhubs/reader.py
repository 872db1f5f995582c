"""A receiver of one partition, and who may read beside whom: owner levels, which Event Hubs calls epochs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from local.eventhubs.event_bytes import receiver_metrics
from local.eventhubs.link import Link
from local.eventhubs.partition import Partition
from local.eventhubs.refusal import Condition, Refused

if TYPE_CHECKING:
    from local.eventhubs.connection import ClientConnection

METRICS_CAPABILITY = "com.microsoft:enable-receiver-runtime-metric"
LEVEL_PROPERTY = "com.microsoft:epoch"
READERS_WITHOUT_LEVEL = 5  # of one partition in one consumer group, as in Azure
TURN_LIMIT = 2 * 1024 * 1024  # bytes that a reader queues before the socket and other readers get their turn


class Reader:
    """Sends a partition's events as the link's credit and the session's window allow."""

    def __init__(self, connection: ClientConnection, link: Link, partition: Partition, group: str) -> None:
        level = link.properties.get(LEVEL_PROPERTY)
        if level is not None and not isinstance(level, int):
            raise Refused(Condition.INVALID_FIELD, f"{LEVEL_PROPERTY} must be a whole number.")
        self.link = link
        self.group = group
        self.level = level
        self._connection = connection
        self._partition = partition
        self._next = partition.first_after(link.selector)
        self._metrics = METRICS_CAPABILITY in link.capabilities

    def join(self) -> None:
        """Begin to read; an owner level ends the readers that it beats. Refused when one beats it."""
        peers = [reader for reader in self._partition.readers if reader.group == self.group]
        owner = max((reader.level for reader in peers if reader.level is not None), default=None)
        if self.level is None:
            _check_without_level(owner, len(peers))
        else:
            if owner is not None and owner > self.level:
                raise Refused(
                    Condition.LINK_STOLEN,
                    f"A receiver with a higher epoch '{owner}' reads this partition; epoch '{self.level}' may not.",
                )
            for peer in peers:
                peer.give_way(self.level)
        self._partition.readers.append(self)

    def leave(self) -> None:
        """Stop reading; harmless when it does not read."""
        if self in self._partition.readers:
            self._partition.readers.remove(self)

    def give_way(self, level: int) -> None:
        """End this reader's link because one with owner level ``level`` came."""
        text = f"A new receiver with epoch '{level}' reads this partition; this one, epoch '{self.level}', is ended."
        self._connection.end_reader(self.link, Refused(Condition.LINK_STOLEN, text))

    def wake(self) -> None:
        """Say that there may be events to send."""
        self._connection.wake(self)

    def pump(self) -> None:
        """Send what may be sent now; asks for another turn after TURN_LIMIT bytes. StoreUnavailable passes through."""
        todo = min(self.link.credit, self._partition.last.sequence + 1 - self._next)
        if todo <= 0:
            return
        extra = receiver_metrics(self._partition.last, time.time_ns() // 10**6) if self._metrics else b""
        sent = 0
        for header_size, message in self._partition.read(self._next, todo):
            if not self._connection.engine.send(self.link, message[:header_size], extra, message[header_size:]):
                return
            self._next += 1
            sent += len(message)
            if sent > TURN_LIMIT:
                self.wake()
                return


def _check_without_level(owner: int | None, present: int) -> None:
    if owner is not None:
        raise Refused(
            Condition.LINK_STOLEN,
            f"A receiver with epoch '{owner}' reads this partition, so a non-epoch receiver is not allowed.",
        )
    if present >= READERS_WITHOUT_LEVEL:
        raise Refused(
            Condition.RESOURCE_LIMIT,
            f"A partition takes at most {READERS_WITHOUT_LEVEL} receivers without epoch in one consumer group.",
        )
