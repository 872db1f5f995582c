"""A durable app: an orchestration of two slow activities and an approval, started and answered over HTTP."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="flows/{flow_id}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    started = await client.start_new("flow", req.route_params["flow_id"], req.get_json())
    return client.create_check_status_response(req, started)


@app.route(route="flows/{flow_id}/approval", methods=["POST"])
@app.durable_client_input(client_name="client")
async def approve(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    await client.raise_event(req.route_params["flow_id"], "approval", req.get_json())
    return func.HttpResponse(status_code=202)


@app.route(route="{*path}", methods=["GET"])
def pages(req: func.HttpRequest) -> str:
    return "page " + req.route_params.get("path", "")


@app.orchestration_trigger(context_name="context")
def flow(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    first = yield context.call_activity("count", {"value": context.get_input()["value"], "of": "first"})
    approval = yield context.wait_for_external_event("approval")
    last = yield context.call_activity("count", {"value": first, "of": "last"})
    return {"value": last, "approval": json.loads(approval) if isinstance(approval, str) else approval}


@app.orchestration_trigger(context_name="context")
def doomed(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    yield context.call_activity("fail", None)


@app.activity_trigger(input_name="payload")
def count(payload: dict) -> int:
    time.sleep(0.2)
    with Path(os.environ["SAMPLE_RECORD"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps({"kind": "count", **payload}) + "\n")
    return int(payload["value"]) + 1


@app.activity_trigger(input_name="payload")
def fail(payload: None) -> None:
    raise ValueError("this activity always fails")
