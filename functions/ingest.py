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
    for event in events:
        await services().connector.ingest(event.get_body(), headers=_properties(event))


def _properties(event: func.EventHubEvent) -> dict[str, bytes]:
    properties = event.metadata.get("Properties") if event.metadata else None
    found = json.loads(properties) if isinstance(properties, str) else properties
    return {str(key): str(value).encode() for key, value in (found or {}).items()} if isinstance(found, dict) else {}
