"""Puts what cannot be handled on a dead-letter topic, whole; a value too large for one message becomes several."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from shared.bus.producer import Producer
from shared.contracts.dead_letter import dead_letter

ALERTS_DLQ = "alerts.raw.dlq"  # also for topics that have no dead letters of their own; each letter names its source
PART_BYTES = 600_000  # base64 adds a third; the rest of the megabyte is for the reason and the headers
HEADER_BYTES = 100_000  # of all headers together beside a piece of the value
# "2/3" when a value was spread, "headers 1/1" for headers kept as JSON of base64; one key keeps the parts in order.
PART_HEADER = "aluskort-part"


async def publish_dead_letter(  # noqa: PLR0913 - all that is known about one failure
    producer: Producer,
    error: Exception,
    value: bytes,
    *,
    source_topic: str,
    topic: str = ALERTS_DLQ,
    headers: Mapping[str, bytes] | None = None,
    partition: int | None = None,
    offset: int | None = None,
) -> None:
    """Keep ``value`` and ``headers``, byte for byte, with the reason. Raises BusUnavailable when Kafka is away."""
    key = hashlib.sha256(value).hexdigest()
    failed_at = datetime.now(UTC).isoformat()
    for part, piece, kept in _parts(value, headers or {}):
        letter = dead_letter(
            error,
            piece,
            source_topic=source_topic,
            failed_at=failed_at,
            key=key,
            headers=kept | ({PART_HEADER: part.encode()} if part else {}),
            partition=partition,
            offset=offset,
        )
        await producer.publish(topic, letter.to_json(), key=key)


def _parts(value: bytes, headers: Mapping[str, bytes]) -> Iterator[tuple[str, bytes, dict[str, bytes]]]:
    """Each letter's name, piece of the value and headers. Headers that leave no room become pieces of their own."""
    kept = dict(headers)
    if sum(len(name) + len(item) for name, item in kept.items()) > HEADER_BYTES:
        encoded = {name: base64.b64encode(item).decode() for name, item in kept.items()}
        kept = {}
        yield from ((f"headers {part or '1/1'}", piece, {}) for part, piece in _pieces(json.dumps(encoded).encode()))
    yield from ((part, piece, kept) for part, piece in _pieces(value))


def _pieces(value: bytes) -> Iterator[tuple[str, bytes]]:
    starts = range(0, len(value), PART_BYTES) or range(1)
    for number, start in enumerate(starts, 1):
        yield (f"{number}/{len(starts)}" if len(starts) > 1 else ""), value[start : start + PART_BYTES]
