"""ctem.raw.* -> exposures -> ctem.normalized: one function a scanner, so that each scales by itself."""

import azure.functions as func

from functions.kafka_message import BROKER, RETRY_FOREVER, read
from shared.bootstrap import services
from shared.ctem.finding import Tool

blueprint = func.Blueprint()


def _trigger(tool: str) -> None:
    async def normalise_exposures(event: func.KafkaEvent) -> None:
        message = read(event)
        await services().exposures.normaliser.process_message(
            message.topic,
            message.value,
            key=message.key,
            headers=message.headers,
            partition=message.partition,
            offset=message.offset,
            timestamp=message.timestamp,
        )

    registered = blueprint.retry(**RETRY_FOREVER)(normalise_exposures)
    registered = blueprint.kafka_trigger(
        arg_name="event",
        topic=f"ctem.raw.{tool}",
        consumer_group=f"aluskort.ctem-{tool}",
        data_type="binary",
        **BROKER,
    )(registered)
    blueprint.function_name(f"normalise_exposures_{tool}")(registered)


for _tool in Tool:
    _trigger(_tool.value)
