"""The hubs of this namespace, and what a path in it names."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass

from local.eventhubs.codec import Int, Timestamp
from local.eventhubs.event_bytes import BATCH_FORMAT, partition_key, split_batch
from local.eventhubs.journal import Journal
from local.eventhubs.partition import Partition
from local.eventhubs.partition_key import partition_of
from local.eventhubs.refusal import Condition, Refused
from shared.errors import InvalidInput, StoreUnavailable

DEFAULT_GROUP = "$Default"


@dataclass(frozen=True, slots=True)
class HubPlan:
    """A hub to serve: how many partitions, and its consumer groups besides $Default."""

    name: str
    partitions: int
    groups: tuple[str, ...] = ()


class Hub:
    """One event hub: its partitions and consumer groups."""

    def __init__(self, journal: Journal, plan: HubPlan) -> None:
        self.name = plan.name
        self.groups = {group.lower() for group in (DEFAULT_GROUP, *plan.groups)}
        self.created_ms = journal.register_hub(plan.name.lower(), plan.partitions)
        self.partitions = [Partition(journal, plan.name, number) for number in range(plan.partitions)]
        self._turns = itertools.cycle(self.partitions)

    def partition(self, number: str) -> Partition:
        """Return a partition by its id; Refused when there is none."""
        for partition in self.partitions:
            if partition.id == number:
                return partition
        raise Refused(
            Condition.ARGUMENT_OUT_OF_RANGE,
            f"The hub '{self.name}' has no partition '{number[:200]}', only 0 to {len(self.partitions) - 1}.",
        )

    def publish(self, partition: Partition | None, message_format: int, data: bytes) -> None:
        """Store one transfer in ``partition``, or where its key, or else its turn, puts it; Refused if it cannot be."""
        try:
            key = partition_key(data)
            messages = split_batch(data) if message_format == BATCH_FORMAT else [data]
            if not messages or not all(messages):
                raise InvalidInput("event", got="no bytes", expected="at least one encoded message")
            (partition or self._route(key)).append(messages, key)
        except InvalidInput as fault:
            raise Refused(Condition.DECODE_ERROR, str(fault)) from fault
        except StoreUnavailable as fault:
            raise Refused(Condition.INTERNAL_ERROR, str(fault)) from fault

    def _route(self, key: str | None) -> Partition:
        return next(self._turns) if key is None else self.partitions[partition_of(key, len(self.partitions))]

    def describe(self) -> dict[str, object]:
        """Return the hub's runtime properties as the management node gives them."""
        return {
            "name": self.name,
            "type": "com.microsoft:eventhub",
            "created_at": Timestamp(self.created_ms),
            "partition_count": Int(len(self.partitions)),
            "partition_ids": [partition.id for partition in self.partitions],
        }

    def describe_partition(self, number: str) -> dict[str, object]:
        """Return a partition's runtime properties as the management node gives them; Refused when there is none."""
        last = self.partition(number).last
        return {
            "name": self.name,
            "type": "com.microsoft:partition",
            "partition": number,
            "begin_sequence_number": 0,
            "last_enqueued_sequence_number": last.sequence,
            "last_enqueued_offset": str(last.offset),
            "last_enqueued_time_utc": Timestamp(last.enqueued_ms),
            "is_partition_empty": last.sequence < 0,
        }


class Namespace:
    """Hubs by name, whatever its case."""

    def __init__(self, journal: Journal, plans: Iterable[HubPlan]) -> None:
        self._hubs = {plan.name.lower(): Hub(journal, plan) for plan in plans}

    def hub(self, name: str) -> Hub:
        """Return a hub; Refused when there is none of that name."""
        found = self._hubs.get(name.lower())
        if found is None:
            raise Refused(Condition.NOT_FOUND, f"The messaging entity '{name[:200]}' could not be found.")
        return found


def path_of(address: str) -> str:
    """Return the lower-case path, without outer slashes, of an address that may be a whole URL."""
    return re.sub(r"^[a-z]+://[^/]*", "", address.lower()).strip("/")
