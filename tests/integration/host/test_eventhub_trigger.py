"""Event Hubs triggers of the host: the local namespace, checkpoints in a real blob store."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest
from azure.eventhub import EventData
from azure.eventhub.aio import EventHubProducerClient

from tests.integration.host.sample_host import APPS, SampleHost, until

HUB = "sentinel-alerts"


@pytest.fixture(scope="module")
def hub_host(event_hubs: str, azurite: str, make_host: Callable[..., SampleHost]) -> Iterator[SampleHost]:
    """A ready host with an Event Hubs trigger."""
    host = make_host(app=APPS / "hub", AzureWebJobsStorage=azurite, SAMPLE_NAMESPACE=event_hubs, SAMPLE_HUB=HUB)
    host.start()
    yield host
    assert host.stop() == 0


async def send(namespace: str, *bodies: str, key: str | None = None) -> None:
    async with EventHubProducerClient.from_connection_string(namespace, eventhub_name=HUB, retry_total=0) as producer:
        await producer.send_batch([EventData(body) for body in bodies], partition_key=key)


def received(host: SampleHost) -> list[str]:
    return [body for batch in host.records("many") for body in batch["bodies"]]


def some(prefix: str, count: int) -> list[str]:
    tag = uuid.uuid4().hex[:6]
    return [f"{prefix}-{tag}-{number}" for number in range(count)]


async def test_hub_batch_gives_bodies_keys_numbers_and_times_in_order(event_hubs: str, hub_host: SampleHost) -> None:
    sent = some("batch", 50)
    await send(event_hubs, *sent, key="tenant")
    until(lambda: set(sent) <= set(received(hub_host)), what="all events")
    batches = hub_host.records("many")
    assert max(len(batch["bodies"]) for batch in batches) <= 20
    columns = ("bodies", "keys", "numbers", "times")
    rows = [row for batch in batches for row in zip(*(batch[name] for name in columns), strict=True)]
    # other tests leave events in the same hub
    bodies, keys, numbers, times = zip(*(row for row in rows if row[0] in sent), strict=True)
    assert list(bodies) == sent
    assert set(keys) == {"tenant"}
    assert list(numbers) == list(range(numbers[0], numbers[0] + 50))
    assert all(times)


async def test_hub_restart_goes_on_after_the_checkpoint(event_hubs: str, hub_host: SampleHost) -> None:
    first, second = some("before", 10), some("after", 10)
    await send(event_hubs, *first)
    until(lambda: set(first) <= set(received(hub_host)), what="the first events")
    assert hub_host.stop() == 0
    await send(event_hubs, *second)
    hub_host.start()
    until(lambda: set(second) <= set(received(hub_host)), what="the events sent meanwhile")
    assert sorted(body for body in received(hub_host) if body in first + second) == sorted(first + second)


async def test_hub_host_killed_in_a_retry_without_end_loses_no_event(event_hubs: str, hub_host: SampleHost) -> None:
    switch = hub_host.folder / "fail-many"
    switch.touch()
    sent = some("killed", 5)
    await send(event_hubs, *sent, key="one partition")
    until(lambda: len(hub_host.records("many-failed")) >= 2, what="a second try")
    assert [record["retry"] for record in hub_host.records("many-failed")][:2] == [0, 1]
    hub_host.kill()
    switch.unlink()
    hub_host.start()
    until(lambda: set(sent) <= set(received(hub_host)), what="the events after the kill")


async def test_hub_stop_during_a_retry_gives_the_batch_back(event_hubs: str, hub_host: SampleHost) -> None:
    switch = hub_host.folder / "fail-many"
    switch.touch()
    sent = some("stopped", 3)
    await send(event_hubs, *sent)
    until(lambda: any(set(sent) & set(r["bodies"]) for r in hub_host.records("many-failed")), what="a failure")
    assert hub_host.stop() == 0
    switch.unlink()
    hub_host.start()
    until(lambda: set(sent) <= set(received(hub_host)), what="the events after the restart")
