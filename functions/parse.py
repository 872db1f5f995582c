"""alerts.raw -> entities -> alerts.normalized."""

import azure.functions as func

from functions.kafka_message import BROKER, RETRY_FOREVER, read
from shared.bootstrap import services

blueprint = func.Blueprint()


@blueprint.function_name("parse_alerts")
@blueprint.kafka_trigger(
    arg_name="event",
    topic="alerts.raw",
    consumer_group="aluskort.entity-parser",
    data_type="binary",
    **BROKER,
)
@blueprint.retry(**RETRY_FOREVER)
async def parse_alerts(event: func.KafkaEvent) -> None:
    """Parse one alert; poison goes to alerts.raw.dlq."""
    message = read(event)
    await services().parser.process_message(
        message.value,
        key=message.key,
        headers=message.headers,
        partition=message.partition,
        offset=message.offset,
    )
