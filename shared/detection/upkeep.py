"""What keeps the tables of telemetry in shape: months made ahead, old ones dropped, old dedupe rows deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from shared.contracts.tenant import EVERY_TENANT
from shared.stores.postgres import Postgres
from shared.stores.statements import statements

AHEAD = timedelta(days=62)
KEPT = timedelta(days=180)  # rules compare with 30 days; the rest is for backtests
FIRED_KEPT = timedelta(days=30)

_SQL = statements(Path(__file__).with_suffix(".sql"))


class TelemetryUpkeep:
    """Called by a timer once a day; a day without it does no harm."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def tidy(self, *, now: datetime | None = None) -> None:
        """Make the months to come, drop those that are too old. Raises StoreUnavailable."""
        moment = now or datetime.now(UTC)
        async with self._postgres.transaction(EVERY_TENANT) as connection:
            await connection.execute(_SQL["make_months"], {"first": moment, "last": moment + AHEAD})
            await connection.execute(_SQL["forget_fired"], {"before": moment - FIRED_KEPT})
        async with self._postgres.transaction(EVERY_TENANT) as connection:
            await connection.execute(_SQL["drop_months"], {"before": moment - KEPT})
