"""alerts.normalized -> one durable investigation per alert; queued model calls; what a lost event left waiting."""

import typing

import azure.durable_functions as df
import azure.functions as func

from durable.client import raise_event, start_once
from functions.kafka_message import BROKER, RETRY_FOREVER, read
from shared.bootstrap import services
from shared.bus.received import Received
from shared.bus.together import all_ended
from shared.investigation.approvals import APPROVAL_EVENT
from shared.investigation.waking import waiting_for

blueprint = df.Blueprint()


@blueprint.function_name("open_investigations")
@blueprint.kafka_trigger(
    arg_name="event",
    topic="alerts.normalized",
    consumer_group="aluskort.orchestrator",
    data_type="binary",
    **BROKER,
)
@blueprint.durable_client_input(client_name="client")
@blueprint.retry(**RETRY_FOREVER)
async def open_investigations(event: func.KafkaEvent, client: df.DurableOrchestrationClient) -> None:
    """Open the alert's investigation and start its orchestration; a later message about the alert finds both."""
    opened = await services().investigation.intake.open(read(event))
    if opened is not None:
        case = waiting_for(opened.state)
        await start_once(client, case)
        if opened.must_look_again:
            await raise_event(client, case.orchestration_id, APPROVAL_EVENT)  # an event without an answer


async def _answer_jobs(events: list[func.KafkaEvent], client: df.DurableOrchestrationClient) -> None:
    async def answer(question: Received) -> None:
        job = await services().investigation.jobs.answer(question)
        if job is not None:
            await raise_event(client, job.investigation_id, job.event_name)

    questions = {event.get_body(): read(event) for event in events}  # one that came twice is asked once
    await all_ended(map(answer, questions.values()))  # a repeated batch must not ask again what is being answered


def _job_trigger(queue: str) -> None:
    """One function per priority queue, so that each scales and is limited by itself."""

    async def run_llm_job(events: typing.List[func.KafkaEvent], client: df.DurableOrchestrationClient) -> None:
        await _answer_jobs(events, client)

    registered = blueprint.retry(**RETRY_FOREVER)(run_llm_job)
    registered = blueprint.durable_client_input(client_name="client")(registered)
    registered = blueprint.kafka_trigger(
        arg_name="events",
        topic=f"jobs.llm.priority.{queue}",
        consumer_group=f"aluskort.llm-{queue}",
        cardinality="many",
        data_type="binary",
        **BROKER,
    )(registered)
    blueprint.function_name(f"run_llm_job_{queue}")(registered)


for _queue in ("critical", "high", "normal", "low"):
    _job_trigger(_queue)
