"""Alerts from outside -> alerts.raw: Sentinel's event hub, and other SIEMs by event hub or HTTP."""

import json
import typing
from collections.abc import Iterator
from functools import partial

import azure.functions as func

from functions.kafka_message import RETRY_FOREVER
from shared.bootstrap import services
from shared.ingestion.batch import take_batch
from shared.ingestion.push import take_push
from shared.settings import trigger_settings

GROUP = "aluskort"  # $Default is for whoever looks at a hub by hand

blueprint = func.Blueprint()
# Read here, while the app is declared: a trigger on a hub that does not exist would be an error of the host's.
TRIGGERS = trigger_settings()

if TRIGGERS.reads(TRIGGERS.sentinel.hub):

    @blueprint.function_name("ingest_sentinel")
    @blueprint.event_hub_message_trigger(
        arg_name="events",
        event_hub_name="%ALUSKORT_SENTINEL_HUB%",
        connection="ALUSKORT_SENTINEL_EVENTHUB",
        consumer_group=GROUP,
        cardinality="many",
        data_type="binary",
    )
    @blueprint.retry(**RETRY_FOREVER)
    async def ingest_sentinel(events: typing.List[func.EventHubEvent]) -> None:
        """Publish every alert of the batch; what cannot be read goes to alerts.raw.dlq."""
        await take_batch(services().ingestion.connector.ingest, _received(events))


if TRIGGERS.reads(TRIGGERS.siem.hub):

    @blueprint.function_name("ingest_siem")
    @blueprint.event_hub_message_trigger(
        arg_name="events",
        event_hub_name="%ALUSKORT_SIEM_HUB%",
        connection="ALUSKORT_SENTINEL_EVENTHUB",
        consumer_group=GROUP,
        cardinality="many",
        data_type="binary",
    )
    @blueprint.retry(**RETRY_FOREVER)
    async def ingest_siem(events: typing.List[func.EventHubEvent]) -> None:
        """Publish every alert of the batch; the property `source` of an event names the SIEM it is from."""
        await take_batch(services().ingestion.alert_sources.ingest_event, _received(events))


@blueprint.function_name("ingest_http")
@blueprint.route(route="ingest/{source_name}", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
async def ingest_http(req: func.HttpRequest) -> func.HttpResponse:
    """Publish every alert of the request; answers once they are safe."""
    submitter = partial(services().submitter, req.headers.get("authorization"))
    sources = services().ingestion.alert_sources
    answer = await take_push(sources, req.route_params["source_name"], req.get_body(), submitter)
    return func.HttpResponse(
        json.dumps(answer.body),
        status_code=answer.status,
        headers=dict(answer.headers),
        mimetype="application/json",
    )


def _received(events: typing.List[func.EventHubEvent]) -> Iterator[tuple[bytes, dict[str, bytes]]]:
    """Each event's body and properties; the platform gives these for the batch as a whole, on every event."""
    found = (events[0].metadata or {}).get("PropertiesArray") or [{}] * len(events)
    batch = json.loads(found) if isinstance(found, str) else found
    for event, properties in zip(events, batch, strict=True):
        yield event.get_body(), {str(name): str(value).encode() for name, value in properties.items()}
