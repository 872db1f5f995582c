"""actions.pending -> executor, the timer that follows what it began, and verdicts for Sentinel's incidents."""

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


@blueprint.function_name("comment_verdicts")
@blueprint.kafka_trigger(
    arg_name="event",
    topic="knowledge.incident.stored",
    consumer_group="aluskort.verdict-comments",
    data_type="binary",
    **BROKER,
)
@blueprint.retry(**RETRY_FOREVER)
async def comment_verdicts(event: func.KafkaEvent) -> None:
    """Write a closed case's verdict on its Sentinel incident (dry run by default)."""
    await services().response.verdicts.process(read(event))


@blueprint.function_name("follow_actions")
@blueprint.schedule(arg_name="timer", schedule="*/15 * * * * *", use_monitor=False)
async def follow_actions(timer: func.TimerRequest) -> None:
    """Undo what is over its time limit, then one more attempt at every action that is not done."""
    await services().response.undo.undo_what_is_over()
    await services().response.live.carry_out_due()
