"""knowledge.* -> what the SOC knows."""

import azure.functions as func

from functions.kafka_message import BROKER, RETRY_FOREVER, read
from shared.bootstrap import services

blueprint = func.Blueprint()


@blueprint.function_name("learn_indicators")
@blueprint.kafka_trigger(
    arg_name="event",
    topic="knowledge.ti.ioc.new",
    consumer_group="aluskort.knowledge",
    data_type="binary",
    **BROKER,
)
@blueprint.retry(**RETRY_FOREVER)
async def learn_indicators(event: func.KafkaEvent) -> None:
    """Store one indicator."""
    await services().knowledge.learning.indicator(read(event))


@blueprint.function_name("learn_incidents")
@blueprint.kafka_trigger(
    arg_name="event",
    topic="knowledge.incident.stored",
    consumer_group="aluskort.knowledge",
    data_type="binary",
    **BROKER,
)
@blueprint.retry(**RETRY_FOREVER)
async def learn_incidents(event: func.KafkaEvent) -> None:
    """Remember one closed investigation."""
    await services().knowledge.learning.incident(read(event))
