"""What arrives on `knowledge.*` becomes knowledge; repeats change nothing."""

from __future__ import annotations

from shared.bus.producer import Producer
from shared.bus.received import Received, handled
from shared.knowledge.incidents import Incident, IncidentMemory
from shared.knowledge.indicators import Indicator, Indicators
from shared.knowledge.library import Library, PlaybookSummary, Report


class Learning:
    """Reads the messages; poison goes to the dead letters. Each raises Retryable while a store is unavailable."""

    def __init__(
        self, producer: Producer, *, indicators: Indicators, incidents: IncidentMemory, library: Library
    ) -> None:
        self._producer = producer
        self._library = library
        self._indicators = indicators
        self._incidents = incidents

    async def indicator(self, message: Received) -> None:
        """One message of `knowledge.ti.ioc.new`."""

        async def learn(value: bytes) -> None:
            await self._indicators.learn(Indicator.from_json(value))

        await handled(self._producer, message, learn)

    async def incident(self, message: Received) -> None:
        """One message of `knowledge.incident.stored`."""

        async def learn(value: bytes) -> None:
            await self._incidents.learn(Incident.from_json(value))

        await handled(self._producer, message, learn)

    async def report(self, message: Received) -> None:
        """One message of `knowledge.ti.report.new`."""

        async def learn(value: bytes) -> None:
            await self._library.learn_report(Report.from_json(value))

        await handled(self._producer, message, learn)

    async def playbook(self, message: Received) -> None:
        """One message of `knowledge.playbook.updated`."""

        async def learn(value: bytes) -> None:
            await self._library.learn_playbook(PlaybookSummary.from_json(value))

        await handled(self._producer, message, learn)
