"""What all Kafka triggers share: the broker, the retry policy, and a Kafka event as the product takes it."""

import base64
from typing import Any

import azure.functions as func

from shared.bus.received import Received
from shared.settings import KafkaSecurity, kafka_security

# A failed invocation is repeated until it succeeds: poison never fails, it goes to the dead letters.
RETRY_FOREVER: dict[str, Any] = {
    "strategy": "exponential_backoff",
    "max_retry_count": "-1",
    "minimum_interval": "00:00:01",
    "maximum_interval": "00:00:30",
}
# Event Hubs, whose Kafka triggers take a connection string only. Spelt out, and not as `event_hub_connection_string`:
# the extension's scaler, which wakes functions on a Flex plan, knows nothing of that shorthand.
_EVENT_HUBS = {
    "protocol": "SaslSsl",
    "authentication_mode": "Plain",
    "username": "$ConnectionString",
    "password": "%ALUSKORT_KAFKA_TRIGGER_CONNECTION%",
}
# Read here, while the app is declared: the platform fills %SETTING% into texts only, and the protocol is no text to it.
BROKER: dict[str, Any] = {
    "broker_list": "%ALUSKORT_KAFKA_BROKERS%",
    **(_EVENT_HUBS if kafka_security() is KafkaSecurity.ENTRA else {}),
}


def read(event: func.KafkaEvent) -> Received:
    """One message, alone or of a batch."""
    return Received(
        topic=event.topic or "",
        value=event.get_body(),
        key=event.key,
        headers={item["Key"]: base64.b64decode(item["Value"] or "") for item in event.headers or []},
        partition=event.partition,
        offset=event.offset,
        timestamp=event.timestamp,
    )
