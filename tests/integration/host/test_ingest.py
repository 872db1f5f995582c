"""Alerts of other SIEMs through the host: pushed over HTTP and sent to their event hub, up to alerts.raw in Kafka."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from azure.eventhub import EventData
from azure.eventhub.aio import EventHubProducerClient

from local.samples import SAMPLES
from local.services.event_hubs import HUB, SIEM_HUB
from local.services.stack import CATALOGUE
from local.services.topics import create
from shared.contracts.alert import CanonicalAlert
from tests.integration.bus.reading import messages_of
from tests.integration.host.sample_host import APPS, SampleHost, until

SOURCES = {
    "elastic-prod": {"siem": "elastic", "tenant": "tenant-1"},
    "splunk-prod": {"siem": "splunk", "tenant": "tenant-2"},
}
DEADLINE_SECONDS = 30


@pytest.fixture(scope="module")
async def intake(
    event_hubs: str, kafka_brokers: str, azurite: str, make_host: Callable[..., SampleHost]
) -> AsyncIterator[SampleHost]:
    """A ready host on the product's intake functions."""
    await create(CATALOGUE, brokers=kafka_brokers)
    unused = {f"ALUSKORT_{name}": "unused" for name in ("POSTGRES_URL", "REDIS_URL", "OIDC_ISSUER", "OIDC_AUDIENCE")}
    host = make_host(
        app=APPS / "ingest",
        **unused,
        ALUSKORT_OIDC_JWKS_URL="unused",
        ANTHROPIC_API_KEY="unused",
        AzureWebJobsStorage=azurite,
        ALUSKORT_SENTINEL_EVENTHUB=event_hubs,
        ALUSKORT_SENTINEL_HUB=HUB,
        ALUSKORT_SIEM_HUB=SIEM_HUB,
        ALUSKORT_KAFKA_BROKERS=kafka_brokers,
        ALUSKORT_ALERT_SOURCES=json.dumps(SOURCES),
    )
    host.start()
    yield host
    assert host.stop() == 0


def sample(name: str, old_id: str) -> tuple[str, bytes]:
    """A sample under an id of its own, so that runs on one broker keep apart."""
    own = uuid.uuid4().hex
    return own, (SAMPLES / "shapes" / name).read_bytes().replace(old_id.encode(), own.encode())


def push(host: SampleHost, source: str, body: bytes, **headers: str) -> Any:
    return host.request("POST", f"/api/ingest/{source}", content=body, headers=headers)


async def published(brokers: str, alert_id: str) -> list[CanonicalAlert]:
    return [CanonicalAlert.from_json(message.value) for message in await messages_of(brokers, "alerts.raw", alert_id)]


async def arrived(brokers: str, alert_id: str) -> list[CanonicalAlert]:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not (found := await published(brokers, alert_id)):
            pass  # each look waits for the broker
    return found


async def test_pushed_alerts_of_elastic_and_splunk_reach_alerts_raw(intake: SampleHost, kafka_brokers: str) -> None:
    key = {"x-functions-key": intake.keys["function"]}
    elastic_id, elastic = sample(
        "elastic-detection-alert.json", "f6e5d4c3b2a1908f7e6d5c4b3a291807f6e5d4c3b2a1908f7e6d5c4b3a291807"
    )
    splunk_id, splunk = sample(
        "splunk-notable.json", "7F3C2A19-5B0E-4C84-9D1A-2E6F8A7B9C0D@@notable@@d41d8cd98f00b204e9800998ecf8427e"
    )
    for source, body in (("elastic-prod", elastic), ("splunk-prod", splunk)):
        answer = push(intake, source, body, **key)
        assert (answer.status_code, answer.json()) == (202, {"published": 1, "dropped": 0, "dead_lettered": 0})
        assert answer.headers["content-type"] == "application/json"
    (first,), (second,) = await published(kafka_brokers, elastic_id), await published(kafka_brokers, splunk_id)
    assert (first.source, first.tenant_id, first.severity) == ("elastic", "tenant-1", "high")
    assert (second.source, second.tenant_id, second.raw_text) == ("splunk", "tenant-2", splunk.decode())


def test_push_needs_the_functions_key(intake: SampleHost) -> None:
    assert push(intake, "elastic-prod", b"{}").status_code == 401


def test_push_of_an_unknown_source_or_size_is_refused_in_the_apis_shape(intake: SampleHost) -> None:
    key = {"x-functions-key": intake.keys["function"]}
    for source, body, status, code in (
        ("qradar", b"{}", 404, "NOT_FOUND"),
        ("elastic-prod", b"x" * 1_048_577, 413, "TOO_LARGE"),
    ):
        answer = push(intake, source, body, **key)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
        assert set(answer.json()["error"]) == {"code", "message", "hint"}


def test_catch_all_route_takes_only_what_is_no_push(intake: SampleHost) -> None:
    assert intake.request("POST", "/api/ingest/a/b").text == "everything else: ingest/a/b"
    assert intake.request("GET", "/api/v1/health").text == "everything else: v1/health"


async def test_event_with_the_property_source_reaches_alerts_raw(
    intake: SampleHost, event_hubs: str, kafka_brokers: str
) -> None:
    alert_id, body = sample("elastic-signals.ndjson", "11aa22bb")
    event = EventData(body)
    event.properties = {"source": "elastic-prod"}
    async with EventHubProducerClient.from_connection_string(event_hubs, eventhub_name=SIEM_HUB) as producer:
        await producer.send_batch([event])
    (alert,) = await arrived(kafka_brokers, alert_id)
    assert (alert.source, alert.tenant_id, alert.title) == ("elastic", "tenant-1", "SSH brute force")


async def test_sentinels_hub_is_served_beside_it(intake: SampleHost, event_hubs: str, kafka_brokers: str) -> None:
    alert_id, body = sample("arm-alert.json", "2518298467986649999_4d25bfef-2d77-4a08-adc0-3e35715cc92a")
    async with EventHubProducerClient.from_connection_string(event_hubs, eventhub_name=HUB) as producer:
        await producer.send_batch([EventData(body)])
    (alert,) = await arrived(kafka_brokers, alert_id)
    assert (alert.source, alert.title) == ("sentinel", "Possible malicious file download")


def test_push_while_kafka_is_unavailable_must_be_sent_again(
    intake: SampleHost, make_host: Callable[..., SampleHost]
) -> None:
    without = make_host(app=APPS / "ingest", **intake.environment | {"ALUSKORT_KAFKA_BROKERS": "127.0.0.1:1"})
    without.start()
    body = b'{"kibana.alert.uuid": "u-1", "@timestamp": "2026-11-20T08:00:00Z"}'
    answer = push(without, "elastic-prod", body, **{"x-functions-key": without.keys["function"]})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["error"]["code"] == "UNAVAILABLE"
    until(lambda: "wait at their sender" in without.text, what="the log")
    without.kill()
