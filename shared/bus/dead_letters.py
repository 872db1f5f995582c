"""Puts what cannot be handled on a dead-letter topic, whole; a value too large for one message becomes several."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime

from shared.bus.producer import Producer
from shared.contracts.dead_letter import dead_letter

ALERTS_DLQ = "alerts.raw.dlq"  # also for topics that have no dead letters of their own; each letter names its source
PART_BYTES = 600_000  # base64 adds a third; the rest of the megabyte is for the reason and the headers
PART_HEADER = "aluskort-part"  # "2/3" when a value was spread; the parts share one key, so they stay in order


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
    """Keep ``value``, byte for byte, with the reason why it failed. Raises BusUnavailable when Kafka is away."""
    key = hashlib.sha256(value).hexdigest()
    failed_at = datetime.now(UTC).isoformat()
    starts = range(0, len(value), PART_BYTES) or range(1)
    for number, start in enumerate(starts, 1):
        part = {PART_HEADER: f"{number}/{len(starts)}".encode()} if len(starts) > 1 else {}
        letter = dead_letter(
            error,
            value[start : start + PART_BYTES],
            source_topic=source_topic,
            failed_at=failed_at,
            key=key,
            headers={**(headers or {}), **part},
            partition=partition,
            offset=offset,
        )
        await producer.publish(topic, letter.to_json(), key=key)
