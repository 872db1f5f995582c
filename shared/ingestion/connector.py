"""SentinelConnector: what arrives from Sentinel becomes CanonicalAlert on alerts.raw (seed §9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from shared.bus.producer import Producer
from shared.ingestion.adapter import sentinel
from shared.ingestion.intake import IngestReport, Intake, Regroup

if TYPE_CHECKING:
    from shared.ingestion.polling import SentinelPoller


class SentinelConnector:
    """Reads bodies as the Event Hub or a poll delivers them. ``hub`` names their source in dead letters, ``tenants``
    the owner of each workspace; ``regroup`` is given each incident of Sentinel's with the alerts in it.
    """

    def __init__(
        self,
        producer: Producer,
        *,
        hub: str = "sentinel-alerts",
        source: SentinelPoller | None = None,
        tenants: Mapping[str, str] | None = None,
        regroup: Regroup | None = None,
    ) -> None:
        self._intake = Intake(producer, sentinel(hub, source.read if source else None, tenants=tenants), regroup)

    async def start(self) -> None:
        """Read the source until cancelled, where no Functions trigger does. Raises ConfigurationError without one."""
        await self._intake.start()

    async def ingest(self, body: bytes, *, headers: Mapping[str, bytes]) -> IngestReport:
        """See Intake.ingest."""
        return await self._intake.ingest(body, headers=headers)
