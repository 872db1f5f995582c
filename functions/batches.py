"""What may wait a day: closed cases become questions, what waits goes out, what was answered comes in."""

import azure.functions as func

from functions.kafka_message import BROKER, RETRY_FOREVER, read
from shared.bootstrap import services

blueprint = func.Blueprint()


@blueprint.function_name("draft_from_cases")
@blueprint.kafka_trigger(
    arg_name="event",
    topic="knowledge.incident.stored",
    consumer_group="aluskort.drafting",
    data_type="binary",
    **BROKER,
)
@blueprint.retry(**RETRY_FOREVER)
async def draft_from_cases(event: func.KafkaEvent) -> None:
    """Ask for a draft when people have judged enough of a rule's alerts alike."""
    await services().batch.closed_cases.incident(read(event))


MOST_BATCHES = 20  # of one run: a flood of tasks leaves the other functions of this worker their turn


@blueprint.function_name("tick_batches")
@blueprint.schedule(arg_name="timer", schedule="15 * * * * *")
async def tick_batches(timer: func.TimerRequest) -> None:
    """Submit the batches that are due."""
    for _ in range(MOST_BATCHES):
        if await services().batch.scheduler.tick() is None:
            break


@blueprint.function_name("collect_batches")
@blueprint.schedule(arg_name="timer", schedule="40 * * * * *")
async def collect_batches(timer: func.TimerRequest) -> None:
    """Look at the batches whose turn it is, each every five minutes."""
    await services().batch.collector.collect()
