"""actions.pending -> executor, and the timer that follows what it began."""

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


@blueprint.function_name("follow_actions")
@blueprint.schedule(arg_name="timer", schedule="*/15 * * * * *", use_monitor=False)
async def follow_actions(timer: func.TimerRequest) -> None:
    """Undo what is over its time limit, then one more attempt at every action that is not done."""
    await services().response.undo.undo_what_is_over()
    await services().response.live.carry_out_due()
