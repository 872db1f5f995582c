"""What the SOC knows already, built on the stores of one process."""

from __future__ import annotations

from functools import cached_property

from shared.bus.producer import Producer
from shared.knowledge.fp_patterns import FPPatterns
from shared.knowledge.incidents import IncidentMemory
from shared.knowledge.indicators import Indicators
from shared.knowledge.learning import Learning
from shared.knowledge.library import Library
from shared.knowledge.risk import RiskSignals
from shared.stores.wiring import Stores


class Knowledge:
    """Indicators, earlier incidents, risk signals and false-positive patterns."""

    def __init__(self, stores: Stores, producer: Producer) -> None:
        self._stores = stores
        self._producer = producer

    @cached_property
    def indicators(self) -> Indicators:
        """Threat intelligence."""
        return Indicators(self._stores.postgres, self._stores.redis)

    @cached_property
    def incidents(self) -> IncidentMemory:
        """Closed investigations."""
        return IncidentMemory(self._stores.postgres, self._stores.qdrant)

    @cached_property
    def patterns(self) -> FPPatterns:
        """False-positive patterns."""
        return FPPatterns(self._stores.postgres)

    @cached_property
    def risk(self) -> RiskSignals:
        """Risk signals of entities."""
        return RiskSignals(self._stores.postgres)

    @cached_property
    def learning(self) -> Learning:
        """The consumer of `knowledge.*`."""
        return Learning(
            self._producer, indicators=self.indicators, incidents=self.incidents, library=Library(self._stores.qdrant)
        )
