"""A timer that blocks its process, and an HTTP function that says which process it is."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
RECORD = Path(os.environ["SAMPLE_RECORD"])


def record_blocking() -> None:
    with RECORD.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"kind": "blocking"}) + "\n")


@app.schedule(arg_name="timer", schedule="0 0 0 1 1 *")
async def block(timer: func.TimerRequest) -> None:
    record_blocking()
    while RECORD.with_name("block").exists():
        time.sleep(0.01)  # noqa: ASYNC251 - a step that computes for long


@app.route(route="process", methods=["GET"])
async def process(req: func.HttpRequest) -> str:
    return str(os.getpid())
