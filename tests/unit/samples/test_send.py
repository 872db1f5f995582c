"""Files reach the event hub with their bytes untouched."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import cast

import pytest
from azure.eventhub import EventData
from azure.eventhub.aio import EventHubConsumerClient, PartitionContext

from local.samples import SAMPLES
from local.send import send
from shared.errors import BusUnavailable, InvalidInput

HUB = "sentinel-alerts"
DEADLINE_SECONDS = 30


async def received(connection_string: str, wanted: set[bytes]) -> set[bytes]:
    """Bodies on the hub, once all of ``wanted`` are among them."""
    bodies: set[bytes] = set()
    complete = asyncio.Event()

    async def keep(_: PartitionContext, event: EventData | None) -> None:
        if event is not None:
            bodies.add(b"".join(cast(Iterable[bytes], event.body)))
        if wanted <= bodies:
            complete.set()

    client = EventHubConsumerClient.from_connection_string(connection_string, "$Default", eventhub_name=HUB)
    async with client, asyncio.timeout(DEADLINE_SECONDS):
        receiving = asyncio.create_task(client.receive(keep, starting_position="-1"))
        await complete.wait()
        receiving.cancel()
    return bodies


async def test_sent_files_arrive_byte_for_byte(event_hubs: str) -> None:
    files = [SAMPLES / "malformed.json", SAMPLES / "dcsync.json", SAMPLES / "eicar-test-file.json"]
    sent: list[Path] = []
    assert await asyncio.to_thread(send, files, event_hubs, HUB, sent.append) == 3
    assert sent == files
    wanted = {path.read_bytes() for path in files}
    assert wanted <= await received(event_hubs, wanted)


def test_file_larger_than_a_hub_accepts_is_refused_by_name(event_hubs: str, tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    large.write_bytes(b"x" * 1_100_000)
    with pytest.raises(InvalidInput, match=r"large.json.*at most"):
        send([large], event_hubs, HUB)


def test_missing_file_is_refused_before_anything_is_sent(event_hubs: str, tmp_path: Path) -> None:
    sent: list[Path] = []
    with pytest.raises(InvalidInput, match="absent"):
        send([SAMPLES / "dcsync.json", tmp_path / "absent.json"], event_hubs, HUB, sent.append)
    assert sent == []


def test_unknown_hub_is_unavailable(event_hubs: str) -> None:
    with pytest.raises(BusUnavailable, match="no-such-hub"):
        send([SAMPLES / "dcsync.json"], event_hubs, "no-such-hub")
