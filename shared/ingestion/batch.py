"""A batch of events as an event hub delivers it: all are published together, each by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import batched
from typing import Protocol

from shared.bus.together import all_ended
from shared.ingestion.intake import IngestReport

AT_ONCE = 100  # events under way: their bodies and alerts are in memory together, and Kafka's client sends them as one


class Take(Protocol):
    """Publishes one body. Raises BusUnavailable when it must be delivered again."""

    async def __call__(self, body: bytes, *, headers: Mapping[str, bytes]) -> IngestReport:
        """What became of its rows."""


async def take_batch(take: Take, events: Iterable[tuple[bytes, Mapping[str, bytes]]]) -> None:
    """Publish every event, body and properties; the order of alerts with one id is kept.

    Raises BusUnavailable, once all have ended, when one could not be published: the whole batch must come again.
    """
    for group in batched(events, AT_ONCE, strict=False):
        await all_ended(take(body, headers=headers) for body, headers in group)
