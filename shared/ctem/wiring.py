"""Exposures, built on the stores and the bus."""

from __future__ import annotations

from functools import cached_property

from shared.bus.wiring import Bus
from shared.ctem.deadlines import Deadlines
from shared.ctem.reading import Reports
from shared.ctem.scans import Scans
from shared.ctem.service import CTEMNormaliserService
from shared.ctem.threat_graph import ThreatGraph
from shared.settings import Settings
from shared.stores.wiring import Stores


class Exposure:
    """The normaliser of `ctem.raw.*`, the reader of whole reports, and the clocks."""

    def __init__(self, settings: Settings, stores: Stores, bus: Bus) -> None:
        self._settings = settings
        self._stores = stores
        self._bus = bus

    @cached_property
    def reports(self) -> Reports:
        """Reports into the store."""
        graph = ThreatGraph(self._stores.neo4j) if self._settings.neo4j.url else None
        return Reports(Scans(self._stores.postgres, self._bus.outbox), graph)

    @cached_property
    def normaliser(self) -> CTEMNormaliserService:
        """The consumer of `ctem.raw.*`."""
        return CTEMNormaliserService(self.reports, self._bus.producer)

    @cached_property
    def deadlines(self) -> Deadlines:
        """What was not repaired in time."""
        return Deadlines(self._stores.postgres, self._bus.outbox)
