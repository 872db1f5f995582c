"""Timer triggers of the host against a real blob store."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from azure.storage.blob.aio import BlobServiceClient

from tests.integration.host.sample_host import APPS, SampleHost, until

STATUS = "timers/test-hosts/hourly/status"


@pytest.fixture(scope="module")
def timers(azurite: str, make_host: Callable[..., SampleHost]) -> SampleHost:
    """A ready host with a timer every hour and one every second."""
    host = make_host(app=APPS / "ticks", AzureWebJobsStorage=azurite, AzureFunctionsWebHost__hostid="test-hosts")
    host.start()
    return host


async def test_timer_fires_each_second_in_order_and_never_beside_itself(azurite: str, timers: SampleHost) -> None:
    ticks = until(lambda: ended if len(ended := timers.records("tick-ended")) >= 3 else None, what="three ticks")
    starts = timers.records("tick-started")[: len(ticks)]
    assert all(end["at"] <= start["at"] for end, start in zip(ticks, starts[1:], strict=False))
    assert all(tick["past_due"] is False for tick in ticks)


async def test_timer_lock_keeps_a_second_host_waiting_until_the_first_stops(
    azurite: str, timers: SampleHost, make_host: Callable[..., SampleHost]
) -> None:
    second = make_host(app=APPS / "ticks", AzureWebJobsStorage=azurite, AzureFunctionsWebHost__hostid="test-hosts")
    second.start()
    before = len(timers.records("tick-ended"))
    until(lambda: len(timers.records("tick-ended")) > before + 1, what="more ticks of the first host")
    assert not second.records("tick-started")
    assert timers.stop() == 0
    until(lambda: second.records("tick-started"), what="the first tick of the second host")
    assert second.stop() == 0
    timers.start()


async def test_timer_missed_while_the_host_was_away_is_made_up_for_once(azurite: str, timers: SampleHost) -> None:
    assert timers.stop() == 0
    assert not timers.records("hourly")
    async with BlobServiceClient.from_connection_string(azurite) as service:
        blob = service.get_blob_client("azure-webjobs-hosts", STATUS)
        status = json.loads(await (await blob.download_blob()).readall())
        assert datetime.fromisoformat(status["Next"]) > datetime.now(UTC)
        missed = {"Last": "2026-11-01T00:00:00Z", "Next": "2026-11-01T01:00:00Z", "LastUpdated": "2026-11-01T00:00:00Z"}
        await blob.upload_blob(json.dumps(missed).encode(), overwrite=True)
        timers.start()
        until(lambda: timers.records("hourly"), what="the late run")
        assert timers.stop() == 0
        timers.start()
        until(lambda: timers.records("tick-ended"), what="ticks after the next start")
        assert [record["past_due"] for record in timers.records("hourly")] == [True]
        status = json.loads(await (await blob.download_blob()).readall())
    assert datetime.fromisoformat(status["Next"]) > datetime.now(UTC)
