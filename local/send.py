"""Sends files to Sentinel's event hub as Log Analytics' data export does: one event a file, its bytes untouched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from azure.eventhub import EventData, EventDataBatch, EventHubProducerClient
from azure.eventhub.exceptions import EventHubError

from shared.errors import BusUnavailable, InvalidInput

RETRIES = 1


def send(
    paths: Sequence[Path], connection_string: str, hub: str, progress: Callable[[Path], None] = lambda _: None
) -> int:
    """Send every file in order and return their number; ``progress`` is called when a file is with the hub.

    Raises InvalidInput for a file that cannot be read or that no hub takes (1 MiB), BusUnavailable when the hub does
    not answer. What was sent before stays sent.
    """
    bodies = [(path, _read(path)) for path in paths]
    client = EventHubProducerClient.from_connection_string(connection_string, eventhub_name=hub, retry_total=RETRIES)
    try:
        with client:
            for path, body in bodies:
                client.send_batch(_batch(client, path, body))
                progress(path)
    except EventHubError as error:
        raise BusUnavailable(f"The event hub {hub!r} did not take the files: {error}") from error
    return len(bodies)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput("file", got=str(path), expected="a readable file", hint=error.strerror or "") from error


def _batch(client: EventHubProducerClient, path: Path, body: bytes) -> EventDataBatch:
    batch = client.create_batch()
    try:
        batch.add(EventData(body))
    except ValueError as error:
        limit = f"at most {batch.max_size_in_bytes} bytes"
        raise InvalidInput(str(path), got=f"{len(body)} bytes", expected=limit) from error
    return batch
