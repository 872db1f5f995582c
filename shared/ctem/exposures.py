"""Stored exposures: once per tenant and key, and the open ones of an asset (data-model §5)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb

from shared.contracts.exposure import CTEMExposure
from shared.stores.postgres import Postgres
from shared.stores.statements import statements

STALE_HOURS = 24.0

_SQL = statements(Path(__file__).with_suffix(".sql"))


class Exposures:
    """The exposures of a tenant's assets."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def store(self, exposure: CTEMExposure) -> None:
        """Insert or update by (tenant, exposure_key). Raises StoreUnavailable."""
        values = exposure.model_dump(mode="json")
        async with self._postgres.transaction(exposure.tenant_id) as connection:
            await connection.execute(_SQL["upsert_exposure"], {**values, "exposure": Jsonb(values)})

    async def open_on(self, tenant_id: str, assets: Sequence[str]) -> list[dict[str, Any]]:
        """Open exposures of these assets, highest score first; each says whether it is `stale` (older than 24 h)."""
        wanted = {"tenant_id": tenant_id, "assets": [asset.lower() for asset in assets]}
        [cursor] = await self._postgres.together(tenant_id, (_SQL["open_exposures_of_assets"], wanted))
        rows = await cursor.fetchall()
        return [
            {**row, "age_hours": round(float(row["age_hours"]), 2), "stale": float(row["age_hours"]) > STALE_HOURS}
            for row in rows
        ]
