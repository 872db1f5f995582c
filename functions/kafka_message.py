"""What all Kafka triggers share: the broker list, the retry policy, and a Kafka event as the product takes it."""

import base64
import json
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
    """The message of a trigger with cardinality one."""
    text = (event.metadata or {}).get("Headers") or "[]"
    headers = json.loads(text) if isinstance(text, str) else text
    return Received(
        topic=event.topic or "",
        value=event.get_body(),
        headers={item["Key"]: base64.b64decode(item["Value"] or "") for item in headers},
        partition=event.partition,
        offset=event.offset,
    )
