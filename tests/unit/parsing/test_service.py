"""From alerts.raw to alerts.normalized, or to the dead letters."""

from typing import Any

import pytest

from shared.bus.producer import MemoryProducer
from shared.contracts.alert import CanonicalAlert, NormalizedAlert
from shared.contracts.dead_letter import DeadLetter
from shared.parsing.service import EntityParserService

ALERT = CanonicalAlert(
    alert_id="a-1",
    source="sentinel",
    timestamp="2026-11-20T08:00:00Z",
    title="t",
    entities_raw='[{"Type": "ip", "Address": "192.0.2.1"}]',
    tenant_id="tenant-1",
    flags=["severity_missing"],
)


async def test_alert_is_published_with_its_entities() -> None:
    producer = MemoryProducer()
    returned = await EntityParserService(producer).process_message(ALERT.to_json(), headers={"trace": b"1"})
    (message,) = producer.on("alerts.normalized")
    assert NormalizedAlert.from_json(message.value) == returned
    assert returned is not None
    assert returned.parsed_entities.raw_iocs == ["192.0.2.1"]
    assert returned.model_dump(exclude={"parsed_entities"}) == ALERT.model_dump()
    assert (message.key, message.headers) == ("a-1", {"trace": b"1"})


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"alert_id": ""}', b"\xff\x00", b"[" * 50_000])
async def test_poison_goes_to_the_dead_letters_with_where_it_came_from(raw: bytes) -> None:
    producer = MemoryProducer()
    returned = await EntityParserService(producer).process_message(
        raw, key="a-1", headers={"h": b"v"}, partition=3, offset=41
    )
    assert returned is None
    assert producer.on("alerts.normalized") == []
    dead_letter = DeadLetter.from_json(producer.on("alerts.raw.dlq")[0].value)
    assert (dead_letter.original, dead_letter.source_topic, dead_letter.partition, dead_letter.offset) == (
        raw,
        "alerts.raw",
        3,
        41,
    )
    assert (dead_letter.error_type, dead_letter.key) == ("InvalidInput", "a-1")
    assert dead_letter.headers == {"h": "dg=="}


async def test_alert_that_raises_an_unexpected_error_is_poison_and_blocks_no_other() -> None:
    class Unthought(MemoryProducer):
        async def publish(self, topic: str, *arguments: Any, **options: Any) -> None:
            if topic == "alerts.normalized":
                raise ValueError("nobody thought of this")
            await super().publish(topic, *arguments, **options)

    producer = Unthought()
    assert await EntityParserService(producer).process_message(ALERT.to_json()) is None
    dead_letter = DeadLetter.from_json(producer.on("alerts.raw.dlq")[0].value)
    assert (dead_letter.original, dead_letter.error_type) == (ALERT.to_json(), "ValueError")
