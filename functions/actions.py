"""actions.pending -> executor."""

import azure.functions as func

from functions.kafka_message import BROKER, RETRY_FOREVER, read
from shared.bootstrap import services

blueprint = func.Blueprint()


@blueprint.function_name("execute_actions")
@blueprint.kafka_trigger(
    arg_name="event",
    topic="actions.pending",
    consumer_group="aluskort.action-executor",
    data_type="binary",
    **BROKER,
)
@blueprint.retry(**RETRY_FOREVER)
async def execute_actions(event: func.KafkaEvent) -> None:
    """Execute one action (dry run by default); a refusal is recorded, poison goes to the dead letters."""
    await services().response.executor.process(read(event))
