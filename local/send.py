"""Sends to an event hub, bytes untouched: files as Log Analytics' data export does, one event a file, or one event."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from azure.eventhub import EventData, EventDataBatch, EventHubProducerClient
from azure.eventhub.exceptions import EventHubError

from shared.errors import BusUnavailable, InvalidInput

RETRIES = 1


def send(
    paths: Sequence[Path],
    connection_string: str,
    hub: str,
    progress: Callable[[Path], None] = lambda _: None,
    *,
    properties: Mapping[str | bytes, str] | None = None,
) -> int:
    """Send every file in order and return their number; ``progress`` is called when a file is with the hub.

    ``properties`` go with each event: `source` names a SIEM that is not Sentinel.

    Raises InvalidInput for a file that cannot be read or that no hub takes (1 MiB), BusUnavailable when the hub does
    not answer. What was sent before stays sent.
    """
    bodies = [(path, _read(path)) for path in paths]
    client = EventHubProducerClient.from_connection_string(connection_string, eventhub_name=hub, retry_total=RETRIES)
    try:
        with client:
            for path, body in bodies:
                client.send_batch(_batch(client, str(path), body, properties=properties))
                progress(path)
    except EventHubError as error:
        raise BusUnavailable(f"The event hub {hub!r} did not take the files: {error}") from error
    return len(bodies)


def send_event(
    body: bytes, connection_string: str, hub: str, *, key: str | None, properties: Mapping[str | bytes, str]
) -> None:
    """Send one event with its partition key and application properties. Raises as `send` does."""
    client = EventHubProducerClient.from_connection_string(connection_string, eventhub_name=hub, retry_total=RETRIES)
    try:
        with client:
            client.send_batch(_batch(client, "event", body, key=key, properties=properties))
    except EventHubError as error:
        raise BusUnavailable(f"The event hub {hub!r} did not take the event: {error}") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput("file", got=str(path), expected="a readable file", hint=error.strerror or "") from error


def _batch(
    client: EventHubProducerClient,
    what: str,
    body: bytes,
    *,
    key: str | None = None,
    properties: Mapping[str | bytes, str] | None = None,
) -> EventDataBatch:
    batch = client.create_batch(partition_key=key)
    event = EventData(body)
    event.properties = {**(properties or {})}
    try:
        batch.add(event)
    except ValueError as error:
        limit = f"at most {batch.max_size_in_bytes} bytes"
        raise InvalidInput(what, got=f"{len(body)} bytes", expected=limit) from error
    return batch
