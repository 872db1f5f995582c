"""SentinelConnector: what arrives from Sentinel becomes CanonicalAlert on alerts.raw (seed §9)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.bus.dead_letters import publish_dead_letter
from shared.bus.fitting import fitted
from shared.bus.producer import Producer
from shared.errors import ConfigurationError, InvalidInput
from shared.ingestion.envelope import read_rows, rows_as_bytes
from shared.ingestion.sentinel import is_heartbeat, read_security_alert
from shared.ingestion.source import Source

TARGET = "alerts.raw"
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of the rows of one body; ``dropped`` counts heartbeats, an unreadable body counts as one row."""

    published: int = 0
    dropped: int = 0
    dead_lettered: int = 0


class SentinelConnector:
    """Reads bodies as the Event Hub delivers them. ``hub`` names their source in dead letters."""

    def __init__(self, producer: Producer, *, hub: str = "sentinel-alerts", source: Source | None = None) -> None:
        self._producer = producer
        self._hub = hub
        self._source = source

    async def start(self) -> None:
        """Read the source until cancelled, where no Functions trigger does. Raises ConfigurationError without one."""
        if self._source is None:
            raise ConfigurationError(
                "SentinelConnector: start() needs a source; give it an EventHubSource or a SentinelPoller as `source`."
            )
        await self._source.read(lambda body, headers: self.ingest(body, headers=headers))

    async def ingest(self, body: bytes, *, headers: Mapping[str, bytes]) -> IngestReport:
        """Publish every row of ``body``; a row that cannot be read goes to alerts.raw.dlq and harms no other.

        Raises BusUnavailable when anything could not be published: the whole body must then be delivered again.
        """
        try:
            rows = read_rows(body)
        except InvalidInput as error:
            await self._dead_letter(error, body, headers)
            return IngestReport(dead_lettered=1)
        # Kafka's client sends concurrent messages as one batch; all end before an error is raised.
        outcomes = await asyncio.gather(*(self._publish(row, headers) for row in rows), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, InvalidInput):
                raise outcome
        refused = {index: outcome for index, outcome in enumerate(outcomes) if isinstance(outcome, InvalidInput)}
        originals = rows_as_bytes(body, len(rows)) if refused else []
        for index, refusal in refused.items():
            await self._dead_letter(refusal, originals[index], headers)
        dropped = sum(map(is_heartbeat, rows))
        return IngestReport(len(rows) - dropped - len(refused), dropped, len(refused))

    async def _publish(self, row: Any, headers: Mapping[str, bytes]) -> None:
        if not is_heartbeat(row):
            alert = fitted(read_security_alert(row))
            await self._producer.publish(TARGET, alert.to_json(), key=alert.alert_id, headers=headers)

    async def _dead_letter(self, error: InvalidInput, value: bytes, headers: Mapping[str, bytes]) -> None:
        logger.warning("A message from %s cannot be read and goes to the dead letters: %r", self._hub, error)
        await publish_dead_letter(self._producer, error, value, source_topic=self._hub, headers=headers)
