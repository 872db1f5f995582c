"""One partition of a hub: gives events their positions, stores them, and wakes those who read it."""

from __future__ import annotations

import bisect
import re
import time
from collections.abc import Iterator

from local.eventhubs.event_bytes import Position, stamp
from local.eventhubs.journal import Journal, StoredEvent
from local.eventhubs.membership import Member
from local.eventhubs.refusal import Condition, Refused

# What a namespace reports of a partition that never had an event; the time is 0001-01-01.
NOTHING_YET = Position(sequence=-1, offset=-1, enqueued_ms=-62135596800000)
_SELECTOR = re.compile(
    r"amqp\.annotation\.x-opt-(offset|sequence-number|enqueued-time)\s*(>=|>)\s*'?(@latest|-?\d{1,19})'?\s*"
)


class Partition:
    """An append-only log; ``members`` are the receivers that read from it now."""

    def __init__(self, journal: Journal, hub: str, number: int) -> None:
        self.id = str(number)
        self.members: list[Member] = []
        self._journal = journal
        self._name = f"{hub.lower()}/{number}"
        stored = journal.last(self._name)
        self.last, size = stored or (NOTHING_YET, 0)
        self._next_offset = self.last.offset + size if stored else 0

    def append(self, messages: list[bytes], key: str | None) -> None:
        """Stamp and store the messages of one transfer, all or none; InvalidInput when one cannot be read."""
        offset = self._next_offset
        # Never before the last event, even when the clock was set back: readers may start from a time.
        enqueued_ms = max(time.time_ns() // 10**6, self.last.enqueued_ms)
        events = []
        for sequence, message in enumerate(messages, self.last.sequence + 1):
            position = Position(sequence, offset, enqueued_ms)
            events.append(StoredEvent(position, *stamp(message, position, key)))
            offset += len(events[-1].message)
        self._journal.append(self._name, events)
        self.last, self._next_offset = events[-1].position, offset
        for member in self.members:
            member.wake()

    def read(self, sequence: int, limit: int) -> Iterator[tuple[int, bytes]]:
        """Yield (header size, message) of at most ``limit`` events from ``sequence`` on."""
        return self._journal.read(self._name, sequence, limit)

    def first_after(self, selector: str | None) -> int:
        """Return the sequence number of the first event that a receiver's selector admits; Refused if unknown."""
        if selector is None:
            return 0
        match = _SELECTOR.fullmatch(selector)
        if not match:
            raise Refused(Condition.INVALID_FIELD, f"The filter cannot be read: {selector[:200]}")
        field, comparison, value = match.groups()
        if value == "@latest":
            return self.last.sequence + 1
        side = bisect.bisect_left if comparison == ">=" else bisect.bisect_right
        return side(range(self.last.sequence + 1), int(value), key=lambda sequence: self._measure(field, sequence))

    def _measure(self, field: str, sequence: int) -> int:
        position = self._journal.position(self._name, sequence)
        return {
            "offset": position.offset,
            "sequence-number": position.sequence,
            "enqueued-time": position.enqueued_ms,
        }[field]
