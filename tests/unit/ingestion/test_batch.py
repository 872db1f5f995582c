"""What becomes of a batch of events: all are published together, each by itself."""

import asyncio
import json
from collections.abc import Mapping

import pytest

from shared.bus.producer import MemoryProducer
from shared.errors import BusUnavailable
from shared.ingestion import SentinelConnector
from shared.ingestion.batch import take_batch
from tests.unit.ingestion.test_connector import alerts, dead_letters, row

Events = list[tuple[bytes, dict[str, bytes]]]


class Together(MemoryProducer):
    """A bus that acknowledges only once so many messages are under way; it refuses some alerts."""

    def __init__(self, together: int, refuses: str = "") -> None:
        super().__init__()
        self._all = asyncio.Barrier(together)
        self._refuses = refuses

    async def publish(self, topic: str, value: bytes, *, key: str, headers: Mapping[str, bytes] | None = None) -> None:
        await super().publish(topic, value, key=key, headers=headers)
        await self._all.wait()
        if key == self._refuses:
            raise BusUnavailable("the test refused it")


def events(*alert_ids: str) -> Events:
    return [(json.dumps([row(alert_id, number=at)]).encode(), {}) for at, alert_id in enumerate(alert_ids)]


async def test_events_of_a_batch_are_published_together() -> None:
    bus = Together(3)
    async with asyncio.timeout(5):
        await take_batch(SentinelConnector(bus).ingest, events("a", "b", "c"))
    assert [alert.alert_id for alert in alerts(bus)] == ["a", "b", "c"]


async def test_alerts_of_one_id_keep_the_order_of_their_events() -> None:
    bus = MemoryProducer()
    await take_batch(SentinelConnector(bus).ingest, events(*["a", "b"] * 120))
    of_one = [alert.raw_payload["number"] for alert in alerts(bus) if alert.alert_id == "a"]
    assert of_one == list(range(0, 240, 2))


async def test_event_that_cannot_be_read_loses_no_other() -> None:
    bus = MemoryProducer()
    await take_batch(SentinelConnector(bus).ingest, [(b"{", {}), *events("a")])
    assert [alert.alert_id for alert in alerts(bus)] == ["a"]
    assert len(dead_letters(bus)) == 1


async def test_batch_is_delivered_again_when_one_event_was_not_published_and_all_have_ended() -> None:
    bus = Together(3, refuses="a")
    async with asyncio.timeout(5):
        with pytest.raises(BusUnavailable):
            await take_batch(SentinelConnector(bus).ingest, events("a", "b", "c"))
    assert len(bus.messages) == 3
