"""telemetry.* -> the tables that the rules read."""

import typing

import azure.functions as func

from functions.kafka_message import BROKER, RETRY_FOREVER, read
from shared.bootstrap import services
from shared.detection.intake import TABLES

blueprint = func.Blueprint()


def _consume(topic: str, table: str) -> None:
    async def store(events: typing.List[func.KafkaEvent]) -> None:
        await services().detections.intake.take([read(event) for event in events])

    trigger = blueprint.kafka_trigger(
        arg_name="events",
        topic=topic,
        consumer_group="aluskort.telemetry",
        cardinality="many",
        data_type="binary",
        **BROKER,
    )
    blueprint.function_name(f"store_{table}")(trigger(blueprint.retry(**RETRY_FOREVER)(store)))


for each_topic, each_table in TABLES.items():
    _consume(each_topic, each_table)
