"""SentinelConnector.start against the local Event Hubs namespace and Azurite, through the real client."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from azure.eventhub import EventData
from azure.eventhub.aio import EventHubProducerClient
from azure.storage.blob.aio import BlobServiceClient

from shared.bus.producer import MemoryProducer
from shared.errors import ConfigurationError
from shared.ingestion import SentinelConnector
from shared.ingestion.event_hub import CHECKPOINTS


def row(alert_id: str) -> bytes:
    columns = {
        "TenantId": "t-1",
        "SystemAlertId": alert_id,
        "AlertName": "A name",
        "AlertSeverity": "Low",
        "TimeGenerated": "2026-11-20T08:00:00Z",
        "Type": "SecurityAlert",
    }
    return json.dumps({"records": [columns]}).encode()


async def send(connection_string: str, *bodies: bytes) -> None:
    async with EventHubProducerClient.from_connection_string(
        connection_string, eventhub_name="sentinel-alerts"
    ) as client:
        batch = await client.create_batch(partition_id="0")
        for body in bodies:
            batch.add(EventData(body))
        await client.send_batch(batch)


@asynccontextmanager
async def reader(*arguments: str) -> AsyncIterator[asyncio.StreamReader]:
    """The lines of a reading process, which is killed at the end."""
    module = ("-m", "tests.integration.ingestion.read_hub")
    process = await asyncio.create_subprocess_exec(sys.executable, *module, *arguments, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        process.kill()
        await process.wait()


async def own_lines(lines: asyncio.StreamReader, count: int) -> list[str]:
    """The next lines about this test's alerts: other tests have left events in the same hub."""
    seen: list[str] = []
    async with asyncio.timeout(60):
        while len(seen) < count:
            line = (await lines.readline()).decode().strip()
            assert line, "the reading process ended"
            if line.startswith("alerts.raw start-"):
                seen.append(line)
    return seen


async def test_start_publishes_in_order_and_waits_for_kafka(event_hubs: str, azurite: str) -> None:
    async with BlobServiceClient.from_connection_string(azurite) as blobs:
        await blobs.create_container(CHECKPOINTS)
    await send(event_hubs, row("start-1"), row("start-2"))
    async with reader(event_hubs, azurite) as lines:
        assert await own_lines(lines, 2) == ["alerts.raw start-1", "alerts.raw start-2"]
        await send(event_hubs, row("start-3"))
        assert await own_lines(lines, 1) == ["alerts.raw start-3"]


async def test_start_without_a_source_says_what_is_missing() -> None:
    with pytest.raises(ConfigurationError, match="EventHubSource"):
        await SentinelConnector(MemoryProducer()).start()
