"""Timers that read Log Analytics: Sentinel's alerts in poll mode, and entities that came late."""

import azure.functions as func

from shared.bootstrap import services

blueprint = func.Blueprint()


@blueprint.function_name("poll_sentinel")
@blueprint.schedule(arg_name="timer", schedule="*/30 * * * * *", use_monitor=False)
async def poll_sentinel(timer: func.TimerRequest) -> None:
    """Publish what is new in every workspace; outside poll mode the event hub delivers instead."""
    if services().settings.sentinel.mode == "poll":
        await services().ingestion.poller.poll(_publish)


@blueprint.function_name("fetch_late_entities")
@blueprint.schedule(arg_name="timer", schedule="0 * * * * *", use_monitor=False)
async def fetch_late_entities(timer: func.TimerRequest) -> None:
    """Publish alerts again whose entities are there now; without a workspace there is nobody to ask."""
    if services().settings.workspaces:
        await services().ingestion.late_entities.fetch(_publish)


async def _publish(body: bytes, headers: dict[str, bytes]) -> object:
    return await services().ingestion.connector.ingest(body, headers=headers)
