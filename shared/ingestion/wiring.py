"""The intake of alerts, built from the settings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import TYPE_CHECKING

from shared.bus.producer import Producer
from shared.ingestion.connector import SentinelConnector
from shared.ingestion.intake import Regroup
from shared.ingestion.sources import AlertSources
from shared.settings import Settings
from shared.stores.wiring import Stores

if TYPE_CHECKING:
    from shared.ingestion.late_entities import LateEntities
    from shared.ingestion.log_analytics import SentinelTables
    from shared.ingestion.polling import SentinelPoller


class Ingestion:
    """Sentinel by event hub or poll, and the SIEMs beside it. ``without_entities`` names a tenant's alerts whose
    entities have not come, ``regroup`` takes Sentinel's own incidents.
    """

    def __init__(
        self,
        settings: Settings,
        stores: Stores,
        producer: Producer,
        *,
        without_entities: Callable[[str], Awaitable[list[str]]],
        regroup: Regroup,
    ) -> None:
        self._settings = settings
        self._stores = stores
        self._producer = producer
        self._without_entities = without_entities
        self._regroup = regroup

    @cached_property
    def connector(self) -> SentinelConnector:
        """Sentinel's intake."""
        source = self.poller if self._settings.sentinel.mode == "poll" else None
        return SentinelConnector(
            self._producer, source=source, tenants=self._settings.workspaces, regroup=self._regroup
        )

    @cached_property
    def alert_sources(self) -> AlertSources:
        """The intake of the SIEMs beside Sentinel."""
        return AlertSources(self._producer, self._settings.alert.sources)

    @cached_property
    def poller(self) -> SentinelPoller:
        """Sentinel's intake in poll mode."""
        from shared.ingestion.polling import SentinelPoller  # noqa: PLC0415

        return SentinelPoller(self._stores.postgres, self._tables, self._settings.workspaces)

    @cached_property
    def late_entities(self) -> LateEntities:
        """Entities that Sentinel fills in after the alert."""
        from shared.ingestion.late_entities import LateEntities  # noqa: PLC0415

        return LateEntities(self._stores.postgres, self._tables, self._settings.workspaces, self._without_entities)

    @cached_property
    def _tables(self) -> SentinelTables:
        """Sentinel's tables in Log Analytics."""
        from shared.ingestion.log_analytics import SentinelTables  # noqa: PLC0415

        return SentinelTables(self._stores.log_analytics)
