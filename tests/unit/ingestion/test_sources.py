"""The configured SIEMs: who may send, whose the alerts are, and what the sender is answered."""

from __future__ import annotations

import base64
import json
from typing import Any

from shared.bus.producer import MemoryProducer
from shared.contracts.alert import CanonicalAlert
from shared.contracts.alert_source import AlertSource, Siem
from shared.contracts.dead_letter import DeadLetter
from shared.errors import BusUnavailable
from shared.ingestion import IngestReport
from shared.ingestion.push import take_push
from shared.ingestion.sources import AlertSources

CONFIGURED = {
    "elastic-prod": AlertSource(siem=Siem.ELASTIC, tenant="tenant-1"),
    "splunk-lab": AlertSource(siem=Siem.SPLUNK, tenant="tenant-2"),
}
ELASTIC = b'{"kibana.alert.uuid": "u-1", "@timestamp": "2026-11-20T08:00:00Z", "tenant_id": "tenant-9"}'
SPLUNK = b'{"event_id": "e-1", "_time": 1795163381, "tenant_id": "tenant-9", "TenantId": "tenant-9"}'


class Away(MemoryProducer):
    """Kafka while it is unavailable."""

    async def publish(self, *_: Any, **__: Any) -> None:
        raise BusUnavailable("away")


def alerts(producer: MemoryProducer) -> list[CanonicalAlert]:
    return [CanonicalAlert.from_json(message.value) for message in producer.on("alerts.raw")]


async def test_pushed_alert_is_of_the_tenant_that_the_operator_gave_its_source() -> None:
    producer = MemoryProducer()
    sources = AlertSources(producer, CONFIGURED)
    for name, body in (("elastic-prod", ELASTIC), ("splunk-lab", SPLUNK)):
        answer = await take_push(sources, name, body)
        assert (answer.status, answer.body) == (202, {"published": 1, "dropped": 0, "dead_lettered": 0})
    assert [(alert.source, alert.tenant_id) for alert in alerts(producer)] == [
        ("elastic", "tenant-1"),
        ("splunk", "tenant-2"),
    ]
    assert [alert.raw_text for alert in alerts(producer)] == [ELASTIC.decode(), SPLUNK.decode()]
    assert [message.headers for message in producer.on("alerts.raw")] == [
        {"source": b"elastic-prod"},
        {"source": b"splunk-lab"},
    ]


async def test_push_of_lines_reports_each() -> None:
    producer = MemoryProducer()
    answer = await take_push(AlertSources(producer, CONFIGURED), "elastic-prod", b"\n".join([ELASTIC, b"{}", b"{"]))
    assert (answer.status, answer.body) == (202, {"published": 1, "dropped": 1, "dead_lettered": 1})
    dead_letter = DeadLetter.from_json(producer.on("alerts.raw.dlq")[0].value)
    assert (dead_letter.original, dead_letter.source_topic) == (b"{", "siem-alerts")
    assert dead_letter.headers == {"source": base64.b64encode(b"elastic-prod").decode()}


async def test_push_of_an_unknown_source_is_refused_and_publishes_nothing() -> None:
    producer = MemoryProducer()
    answer = await take_push(AlertSources(producer, CONFIGURED), "x" * 500, ELASTIC)
    assert (answer.status, answer.body["error"]["code"]) == (404, "NOT_FOUND")
    assert "ALUSKORT_ALERT_SOURCES" in answer.body["error"]["message"]
    assert len(answer.body["error"]["message"]) < 200
    assert producer.messages == []


async def test_push_that_is_too_large_is_refused_and_publishes_nothing() -> None:
    producer = MemoryProducer()
    answer = await take_push(AlertSources(producer, CONFIGURED), "elastic-prod", b"x" * 1_048_577)
    assert (answer.status, answer.body["error"]["code"]) == (413, "TOO_LARGE")
    assert producer.messages == []


async def test_push_while_kafka_is_unavailable_must_be_sent_again() -> None:
    answer = await take_push(AlertSources(Away(), CONFIGURED), "elastic-prod", ELASTIC)
    assert (answer.status, answer.headers, answer.body["error"]["code"]) == (503, {"Retry-After": "5"}, "UNAVAILABLE")
    assert json.dumps(answer.body).count("is unavailable") == 1


async def test_event_names_its_source_by_a_property() -> None:
    producer = MemoryProducer()
    sources = AlertSources(producer, CONFIGURED)
    assert await sources.ingest_event(SPLUNK, headers={"source": b"splunk-lab"}) == IngestReport(published=1)
    assert alerts(producer)[0].tenant_id == "tenant-2"


async def test_event_of_an_unknown_source_goes_to_the_dead_letters() -> None:
    for sources, headers, expected in (
        (CONFIGURED, {}, "elastic-prod, splunk-lab"),
        (CONFIGURED, {"source": b"\xff"}, "elastic-prod, splunk-lab"),
        ({}, {"source": b"elastic-prod"}, "ALUSKORT_ALERT_SOURCES is empty"),
    ):
        producer = MemoryProducer()
        report = await AlertSources(producer, sources).ingest_event(ELASTIC, headers=headers)
        assert report == IngestReport(dead_lettered=1)
        dead_letter = DeadLetter.from_json(producer.on("alerts.raw.dlq")[0].value)
        assert expected in dead_letter.reason
        assert (dead_letter.original, dead_letter.source_topic) == (ELASTIC, "siem-alerts")
