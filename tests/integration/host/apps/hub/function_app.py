"""Event Hubs triggers of both cardinalities; effects go to the file SAMPLE_RECORD."""

from __future__ import annotations

import json
import os
import typing
from pathlib import Path

import azure.functions as func

app = func.FunctionApp()


def record(kind: str, **fields: object) -> None:
    """Append one effect."""
    with Path(os.environ["SAMPLE_RECORD"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps({"kind": kind, **fields}) + "\n")


def failing(name: str) -> bool:
    """Whether a test wants this to fail now."""
    return Path(os.environ["SAMPLE_RECORD"]).with_name(name).exists()


@app.event_hub_message_trigger(
    arg_name="events", event_hub_name="%SAMPLE_HUB%", connection="SAMPLE_NAMESPACE", cardinality="many"
)
@app.retry(strategy="fixed_delay", max_retry_count="-1", delay_interval="00:00:01")
async def hub_many(events: typing.List[func.EventHubEvent], context: func.Context) -> None:  # noqa: UP006
    if failing("fail-many"):
        record("many-failed", retry=context.retry_context.retry_count, bodies=[e.get_body().decode() for e in events])
        raise RuntimeError("told to fail")
    record(
        "many",
        bodies=[event.get_body().decode() for event in events],
        keys=[event.partition_key for event in events],
        numbers=[event.sequence_number for event in events],
        times=[event.enqueued_time.isoformat() for event in events],
    )
