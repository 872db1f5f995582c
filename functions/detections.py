"""Timers that run the rules at their cadences, and the upkeep of what they read."""

import azure.functions as func

from shared.bootstrap import services

blueprint = func.Blueprint()


@blueprint.function_name("run_detections_5m")
@blueprint.schedule(arg_name="timer", schedule="0 */5 * * * *")
async def run_detections_5m(timer: func.TimerRequest) -> None:
    """The oracle and the sensors: 005, 009."""
    await services().detections.runner.run_every(5)


@blueprint.function_name("run_detections_15m")
@blueprint.schedule(arg_name="timer", schedule="0 */15 * * * *")
async def run_detections_15m(timer: func.TimerRequest) -> None:
    """Questions and inferences: 003, 004."""
    await services().detections.runner.run_every(15)


@blueprint.function_name("run_detections_30m")
@blueprint.schedule(arg_name="timer", schedule="0 */30 * * * *")
async def run_detections_30m(timer: func.TimerRequest) -> None:
    """Extraction and partners: 002, 010."""
    await services().detections.runner.run_every(30)


@blueprint.function_name("run_detections_1h")
@blueprint.schedule(arg_name="timer", schedule="0 0 * * * *")
async def run_detections_1h(timer: func.TimerRequest) -> None:
    """Training data, supply chain, exfiltration, alert fatigue: 001, 006, 007, 008."""
    await services().detections.runner.run_every(60)


@blueprint.function_name("tidy_telemetry")
@blueprint.schedule(arg_name="timer", schedule="0 40 2 * * *")
async def tidy_telemetry(timer: func.TimerRequest) -> None:
    """Make next month's partitions and drop those that are too old."""
    await services().detections.upkeep.tidy()
