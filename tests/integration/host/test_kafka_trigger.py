"""Kafka triggers of the host against a real broker."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from local.services.guard import guarded
from local.services.kafka import Kafka
from local.services.service import ensure, stop
from local.services.site import CHECKOUT, Site
from tests.integration.host.conftest import Topics
from tests.integration.host.sample_host import SampleHost, until


@pytest.fixture(scope="module")
def own_site() -> Iterator[Site]:
    """A site apart from the run's, whose broker a test stops and starts."""
    with guarded(CHECKOUT / ".local" / "tests" / f"{os.getpid()}-kafka") as site:
        yield site


@pytest.fixture(scope="module")
def kafka_brokers(own_site: Site) -> str:
    """A broker of this file alone, in place of the run's."""
    broker = Kafka(own_site)
    ensure(broker, own_site)
    return broker.brokers()


def bodies(host: SampleHost, kind: str) -> list[str]:
    return [str(record["body"]) for record in host.records(kind)]


def progressed(host: SampleHost, count: int) -> bool:
    return len(bodies(host, "one")) > count


async def test_kafka_one_gives_body_key_place_and_headers(sample: SampleHost, topics: Topics) -> None:
    await topics.send("one", "hello", partition=1, key="tenant-1")
    record = until(lambda: [r for r in sample.records("one") if r["body"] == "hello"], what="the message")[0]
    assert (record["key"], record["partition"], record["topic"]) == ("tenant-1", 1, f"{topics.prefix}.one")
    assert isinstance(record["offset"], int)
    assert record["headers"] == [{"Key": "h", "Value": "dg=="}]
    assert record["timestamp"].endswith("Z")


async def test_kafka_one_without_key_gives_none(sample: SampleHost, topics: Topics) -> None:
    await topics.send("one", "keyless")
    record = until(lambda: [r for r in sample.records("one") if r["body"] == "keyless"], what="the message")[0]
    assert record["key"] is None


async def test_kafka_one_keeps_the_order_of_a_partition(sample: SampleHost, topics: Topics) -> None:
    sent = [f"order-{number}" for number in range(300)]
    await topics.send("one", *sent, partition=0)
    until(lambda: sent[-1] in bodies(sample, "one"), what="the last message")
    assert [body for body in bodies(sample, "one") if body.startswith("order-")] == sent


async def test_kafka_string_parameter_gets_the_envelope(sample: SampleHost, topics: Topics) -> None:
    await topics.send("envelope", "inside", key="k")
    envelope = until(lambda: sample.records("envelope"), what="the message")[0]["body"]
    assert (envelope["Value"], envelope["Key"], envelope["Topic"]) == ("inside", "k", f"{topics.prefix}.envelope")
    assert envelope["Headers"] == [{"Key": "h", "Value": "dg=="}]


async def test_kafka_many_gets_batches_that_hold_each_message_once(sample: SampleHost, topics: Topics) -> None:
    await topics.send("many", *(f"a{number}" for number in range(100)), partition=0, key="a")
    await topics.send("many", *(f"b{number}" for number in range(100)), partition=1)

    def received() -> list[str]:
        return [event["body"] for batch in sample.records("many") for event in batch["events"]]

    until(lambda: len(received()) >= 200, what="200 messages")
    assert sorted(received()) == sorted([f"{side}{number}" for side in "ab" for number in range(100)])
    assert max(len(batch["events"]) for batch in sample.records("many")) > 1


async def test_kafka_failure_is_tried_again_in_place_then_skipped(sample: SampleHost, topics: Topics) -> None:
    switch = sample.folder / "fail-one"
    switch.touch()
    await topics.send("one", "poison")
    until(lambda: "skips" in sample.text, what="the skip after maxRetries")
    switch.unlink()
    await topics.send("one", "after poison")
    until(lambda: "after poison" in bodies(sample, "one"), what="the next message")
    assert bodies(sample, "one-failed").count("poison") == 3  # the first time and host.json's maxRetries of 2
    assert "poison" not in bodies(sample, "one")


async def test_kafka_retry_policy_without_end_blocks_until_success(sample: SampleHost, topics: Topics) -> None:
    switch = sample.folder / "fail-retried"
    switch.touch()
    await topics.send("retried", "patient", "next")
    until(lambda: len(sample.records("retried-failed")) >= 3, what="three failures")
    assert [record["retry"] for record in sample.records("retried-failed")][:3] == [0, 1, 2]
    assert not sample.records("retried")
    switch.unlink()
    until(lambda: len(sample.records("retried")) >= 2, what="both messages")
    assert bodies(sample, "retried") == ["patient", "next"]
    assert sample.records("retried")[0]["max"] == -1


async def test_kafka_stop_during_a_retry_gives_the_message_back(sample: SampleHost, topics: Topics) -> None:
    switch = sample.folder / "fail-retried"
    switch.touch()
    await topics.send("retried", "given back")
    until(lambda: "given back" in bodies(sample, "retried-failed"), what="the failure")
    assert sample.stop() == 0
    assert "cut off" not in sample.text
    switch.unlink()
    sample.start()
    until(lambda: "given back" in bodies(sample, "retried"), what="the message after the restart")


async def test_kafka_host_killed_again_and_again_loses_no_message(sample: SampleHost, topics: Topics) -> None:
    sent = [f"survivor-{number}" for number in range(400)]
    switch = sample.folder / "slow-one"
    switch.touch()
    await topics.send("one", *sent, partition=1)
    for _ in range(4):
        until(partial(progressed, sample, len(bodies(sample, "one")) + 50), what="some progress")
        sample.kill()
        sample.start()
    switch.unlink()
    until(lambda: set(sent) <= set(bodies(sample, "one")), what="every message", seconds=60)
    again = len([body for body in bodies(sample, "one") if body in sent]) - len(sent)
    assert again < 4 * 64  # each kill redelivers at most the batch in hand: what was committed stays committed


async def test_kafka_topic_that_does_not_exist_is_waited_for(
    kafka_brokers: str, azurite: str, tmp_path: Path, make_host: Callable[..., SampleHost]
) -> None:
    late = Topics(kafka_brokers)
    await late.create("one", "envelope", "retried")
    host = make_host(
        tmp_path, SAMPLE_TOPIC=late.prefix, SAMPLE_BROKERS=kafka_brokers, SAMPLE_HUB="s", AzureWebJobsStorage=azurite
    )
    host.start()
    assert f"Function kafka_many waits: topic {late.prefix}.many does not exist." in host.text
    await late.create("many")
    await late.send("many", "finally")
    until(lambda: host.records("many"), what="the message of the new topic")
    assert host.stop() == 0


def test_kafka_broker_away_is_logged_once_and_the_host_stops_cleanly(
    azurite: str, tmp_path: Path, make_host: Callable[..., SampleHost]
) -> None:
    host = make_host(
        tmp_path, SAMPLE_TOPIC="t", SAMPLE_BROKERS="127.0.0.1:1", SAMPLE_HUB="s", AzureWebJobsStorage=azurite
    )
    host.launch()
    until(lambda: len(host.records("tick")) >= 3, what="three seconds of other work")
    assert host.text.count("cannot be used") == 1
    assert "Host is ready" not in host.text
    assert host.stop() == 0


async def test_kafka_outage_is_logged_once_and_waited_for(sample: SampleHost, topics: Topics, own_site: Site) -> None:
    broker = Kafka(own_site)
    await topics.send("one", "before the outage")
    until(lambda: "before the outage" in bodies(sample, "one"), what="the first message")
    lines = len(sample.text.splitlines())
    assert stop(broker, own_site)
    until(lambda: "cannot be used" in "".join(sample.text.splitlines()[lines:]), what="the notice of the outage")
    await asyncio.to_thread(ensure, broker, own_site)
    await topics.send("one", "after the outage")
    until(lambda: "after the outage" in bodies(sample, "one"), what="the message after the outage", seconds=60)
    until(lambda: "works again" in sample.text, what="the notice of its end")
    said = sample.text.splitlines()[lines:]
    assert sum("Kafka at" in line and "cannot be used" in line for line in said) == 1
