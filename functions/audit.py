"""audit.events -> the tenants' chains; chains verified on time."""

import typing

import azure.functions as func

from functions.kafka_message import BROKER, RETRY_FOREVER
from shared.bootstrap import services

blueprint = func.Blueprint()


@blueprint.function_name("append_audit")
@blueprint.kafka_trigger(
    arg_name="events",
    topic="audit.events",
    consumer_group="aluskort.audit-service",
    cardinality="many",
    data_type="binary",
    **BROKER,
)
@blueprint.retry(**RETRY_FOREVER)
async def append_audit(events: typing.List[func.KafkaEvent]) -> None:
    """Chain a batch of events; what is no audit event is kept with the reason."""
    await services().audit.append_messages([event.get_body() for event in events])
