"""A small app with one function per trigger kind; every effect is one JSON line in the file SAMPLE_RECORD."""

from __future__ import annotations

import asyncio
import json
import os
import time
import typing
from pathlib import Path

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)


def record(kind: str, **fields: object) -> None:
    """Append one effect; a single write of one line is atomic enough for readers that poll."""
    line = json.dumps({"kind": kind, "at": time.time(), **fields}) + "\n"
    with Path(os.environ["SAMPLE_RECORD"]).open("a", encoding="utf-8") as file:
        file.write(line)


def told_to(name: str) -> bool:
    """Whether a test wants this fault now: it has put a file of that name beside the record."""
    return Path(os.environ["SAMPLE_RECORD"]).with_name(name).exists()


@app.route(route="items/{item}", methods=["GET", "POST"], auth_level=func.AuthLevel.FUNCTION)
def item(req: func.HttpRequest) -> func.HttpResponse:
    answer = {
        "item": req.route_params["item"],
        "query": dict(req.params),
        "body": req.get_body().decode(),
        "method": req.method,
    }
    response = func.HttpResponse(json.dumps(answer), mimetype="application/json", status_code=202)
    response.headers["x-sample"] = "yes"
    response.headers.add("Set-Cookie", "taste=sweet; Path=/; HttpOnly; SameSite=Lax; Max-Age=60")
    return response


@app.route(route="items/latest", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def latest(req: func.HttpRequest) -> str:
    return "the latest"


@app.route(route="open/{*route}", auth_level=func.AuthLevel.ANONYMOUS)
async def open_to_all(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return func.HttpResponse(json.dumps({"route": req.route_params.get("route"), "function": context.function_name}))


@app.route(route="admins", methods=["GET"], auth_level=func.AuthLevel.ADMIN)
def admins(req: func.HttpRequest) -> str:
    return "master"


@app.route(route="broken", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def broken(req: func.HttpRequest) -> str:
    raise ValueError("a detail that stays inside")


@app.route(route="slow", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def slow(req: func.HttpRequest) -> str:
    record("slow-started")
    await asyncio.sleep(1)
    record("slow-ended")
    return "done"


@app.kafka_trigger(
    arg_name="event",
    topic="%SAMPLE_TOPIC%.one",
    broker_list="%SAMPLE_BROKERS%",
    consumer_group="one",
    data_type="binary",
)
async def kafka_one(event: func.KafkaEvent, context: func.Context) -> None:
    if told_to("fail-one"):
        record("one-failed", body=event.get_body().decode())
        raise RuntimeError("told to fail")
    if told_to("slow-one"):
        await asyncio.sleep(0.01)
    record(
        "one",
        body=event.get_body().decode("utf-8", "replace"),
        key=event.key,
        partition=event.partition,
        offset=event.offset,
        topic=event.topic,
        headers=event.headers,
        timestamp=event.timestamp,
    )


@app.kafka_trigger(
    arg_name="event", topic="%SAMPLE_TOPIC%.envelope", broker_list="SAMPLE_BROKERS", consumer_group="envelope"
)
def kafka_envelope(event: func.KafkaEvent) -> None:
    record("envelope", body=json.loads(event.get_body()))


@app.kafka_trigger(
    arg_name="events",
    topic="%SAMPLE_TOPIC%.many",
    broker_list="%SAMPLE_BROKERS%",
    consumer_group="many",
    cardinality="many",
    data_type="binary",
)
def kafka_many(events: typing.List[func.KafkaEvent]) -> None:  # noqa: UP006 - the runtime refuses list[...]
    record(
        "many",
        events=[
            {"body": e.get_body().decode(), "key": e.key, "partition": e.partition, "offset": e.offset} for e in events
        ],
    )


@app.kafka_trigger(
    arg_name="event",
    topic="%SAMPLE_TOPIC%.retried",
    broker_list="%SAMPLE_BROKERS%",
    consumer_group="retried",
    data_type="binary",
)
@app.retry(
    strategy="exponential_backoff", max_retry_count="-1", minimum_interval="00:00:01", maximum_interval="00:00:02"
)
async def kafka_retried(event: func.KafkaEvent, context: func.Context) -> None:
    retry = context.retry_context.retry_count
    if told_to("fail-retried"):
        record("retried-failed", body=event.get_body().decode(), retry=retry)
        raise RuntimeError("told to fail")
    record("retried", body=event.get_body().decode(), retry=retry, max=context.retry_context.max_retry_count)


@app.schedule(arg_name="timer", schedule="* * * * * *")
def every_second(timer: func.TimerRequest) -> None:
    record("tick", past_due=timer.past_due, status=timer.schedule_status)


@app.schedule(arg_name="timer", schedule="0 0 0 1 1 *")
def new_year(timer: func.TimerRequest) -> None:
    record("new-year", past_due=timer.past_due)
