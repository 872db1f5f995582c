"""knowledge.* and playbooks.draft -> what the SOC knows, or may come to know."""

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


@blueprint.function_name("learn_reports")
@blueprint.kafka_trigger(
    arg_name="event",
    topic="knowledge.ti.report.new",
    consumer_group="aluskort.knowledge",
    data_type="binary",
    **BROKER,
)
@blueprint.retry(**RETRY_FOREVER)
async def learn_reports(event: func.KafkaEvent) -> None:
    """Store one report's parts."""
    await services().knowledge.learning.report(read(event))


@blueprint.function_name("learn_playbooks")
@blueprint.kafka_trigger(
    arg_name="event",
    topic="knowledge.playbook.updated",
    consumer_group="aluskort.knowledge",
    data_type="binary",
    **BROKER,
)
@blueprint.retry(**RETRY_FOREVER)
async def learn_playbooks(event: func.KafkaEvent) -> None:
    """Let one playbook be found as it is now."""
    await services().knowledge.learning.playbook(read(event))


@blueprint.function_name("learn_playbook_drafts")
@blueprint.kafka_trigger(
    arg_name="event",
    topic="playbooks.draft",
    consumer_group="aluskort.response",
    data_type="binary",
    **BROKER,
)
@blueprint.retry(**RETRY_FOREVER)
async def learn_playbook_drafts(event: func.KafkaEvent) -> None:
    """Keep one draft until a person decides."""
    await services().response.draft_intake.draft(read(event))
