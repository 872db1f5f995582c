"""Detections of one process: the runner, and the telemetry that it reads."""

from __future__ import annotations

from functools import cached_property

from shared.bus.wiring import Bus
from shared.detection.intake import TelemetryIntake
from shared.detection.runner import DetectionRunner
from shared.detection.telemetry import Telemetry
from shared.detection.upkeep import TelemetryUpkeep
from shared.stores.postgres import Postgres


class Detections:
    """What timers and consumers call."""

    def __init__(self, postgres: Postgres, bus: Bus) -> None:
        self._postgres = postgres
        self._bus = bus

    @cached_property
    def runner(self) -> DetectionRunner:
        """The ten rules."""
        return DetectionRunner(self._postgres, self._bus.outbox)

    @cached_property
    def intake(self) -> TelemetryIntake:
        """Messages of `telemetry.*`."""
        return TelemetryIntake(self._bus.producer, Telemetry(self._postgres))

    @cached_property
    def upkeep(self) -> TelemetryUpkeep:
        """Months ahead and months to forget."""
        return TelemetryUpkeep(self._postgres)
