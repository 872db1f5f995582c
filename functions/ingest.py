"""Sentinel's event hub -> alerts.raw."""

import json
import typing

import azure.functions as func

from functions.kafka_message import RETRY_FOREVER
from shared.bootstrap import services

blueprint = func.Blueprint()


@blueprint.function_name("ingest_sentinel")
@blueprint.event_hub_message_trigger(
    arg_name="events",
    event_hub_name="%ALUSKORT_SENTINEL_HUB%",
    connection="ALUSKORT_SENTINEL_EVENTHUB",
    cardinality="many",
    data_type="binary",
)
@blueprint.retry(**RETRY_FOREVER)
async def ingest_sentinel(events: typing.List[func.EventHubEvent]) -> None:
    """Publish every alert of the batch; what cannot be read goes to alerts.raw.dlq."""
    for event, headers in zip(events, _properties(events), strict=True):
        await services().connector.ingest(event.get_body(), headers=headers)


def _properties(events: typing.List[func.EventHubEvent]) -> list[dict[str, bytes]]:
    """Each event's application properties; the platform gives them for the batch as a whole, on every event."""
    found = (events[0].metadata or {}).get("PropertiesArray") or [{}] * len(events)
    batch = json.loads(found) if isinstance(found, str) else found
    return [{str(name): str(value).encode() for name, value in properties.items()} for properties in batch]
