"""A poller with a connector behind it, as one host has them."""

from __future__ import annotations

from shared.bus.producer import MemoryProducer
from shared.contracts.alert import CanonicalAlert
from shared.ingestion import SentinelConnector
from shared.ingestion.log_analytics import SentinelTables
from shared.ingestion.polling import PollReport, SentinelPoller
from shared.stores.postgres import Postgres
from tests.integration.ingestion.workspace import SimulatedWorkspace


class Intake:
    """What it published is in `alerts`."""

    def __init__(
        self,
        store: Postgres,
        sentinel: SentinelTables,
        *workspaces: SimulatedWorkspace,
        budget: float = 25,
        tables: tuple[str, ...] = ("SecurityAlert",),
    ) -> None:
        self.producer = MemoryProducer()
        self.connector = SentinelConnector(self.producer)
        tenants = {workspace.id: workspace.tenant for workspace in workspaces}
        self.poller = SentinelPoller(store, sentinel, tenants, tables=tables, budget_seconds=budget)

    async def publish(self, body: bytes, headers: dict[str, bytes]) -> object:
        return await self.connector.ingest(body, headers=headers)

    async def poll(self) -> PollReport:
        return await self.poller.poll(self.publish)

    @property
    def alerts(self) -> list[CanonicalAlert]:
        return [CanonicalAlert.from_json(message.value) for message in self.producer.on("alerts.raw")]

    @property
    def ids(self) -> list[str]:
        return [alert.alert_id for alert in self.alerts]
