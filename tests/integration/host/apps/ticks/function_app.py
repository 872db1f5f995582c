"""Two timers: one every second that takes longer than a second, one every hour."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import azure.functions as func

app = func.FunctionApp()


def record(kind: str, **fields: object) -> None:
    """Append one effect."""
    with Path(os.environ["SAMPLE_RECORD"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps({"kind": kind, "at": time.time(), **fields}) + "\n")


@app.schedule(arg_name="timer", schedule="* * * * * *")
def every_second(timer: func.TimerRequest) -> None:
    record("tick-started")
    time.sleep(1.2)
    record("tick-ended", past_due=timer.past_due)


@app.schedule(arg_name="timer", schedule="0 0 * * * *")
def hourly(timer: func.TimerRequest) -> None:
    record("hourly", past_due=timer.past_due)
