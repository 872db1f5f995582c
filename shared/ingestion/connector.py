"""SentinelConnector: what arrives from Sentinel becomes CanonicalAlert on alerts.raw (seed §9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from shared.bus.producer import Producer
from shared.ingestion.adapter import sentinel
from shared.ingestion.intake import IngestReport, Intake

if TYPE_CHECKING:
    from shared.ingestion.event_hub import EventHubSource  # under a Functions trigger its client is not needed


class SentinelConnector:
    """Reads bodies as the Event Hub delivers them. ``hub`` names their source in dead letters."""

    def __init__(
        self, producer: Producer, *, hub: str = "sentinel-alerts", source: EventHubSource | None = None
    ) -> None:
        self._intake = Intake(producer, sentinel(hub, subscribe=source.read if source else None))

    async def start(self) -> None:
        """Read the hub until cancelled, where no Functions trigger does. Raises ConfigurationError without a source."""
        await self._intake.start()

    async def ingest(self, body: bytes, *, headers: Mapping[str, bytes]) -> IngestReport:
        """See Intake.ingest."""
        return await self._intake.ingest(body, headers=headers)
