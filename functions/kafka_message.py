"""What all Kafka triggers share: the broker list, the retry policy, and a Kafka event as the product takes it."""

import base64
from typing import Any

import azure.functions as func

from shared.bus.received import Received

# A failed invocation is repeated until it succeeds: poison never fails, it goes to the dead letters.
RETRY_FOREVER: dict[str, Any] = {
    "strategy": "exponential_backoff",
    "max_retry_count": "-1",
    "minimum_interval": "00:00:01",
    "maximum_interval": "00:00:30",
}
BROKERS = "%ALUSKORT_KAFKA_BROKERS%"


def read(event: func.KafkaEvent) -> Received:
    """One message, alone or of a batch."""
    return Received(
        topic=event.topic or "",
        value=event.get_body(),
        key=event.key,
        headers={item["Key"]: base64.b64decode(item["Value"] or "") for item in event.headers or []},
        partition=event.partition,
        offset=event.offset,
    )
