"""Stored exposures: once per tenant and key, the open ones of an asset, and what people decide (data-model §5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb

from shared.contracts.exposure import CTEMExposure, ExposureRecord
from shared.contracts.listing import Listed, Listing, listed
from shared.contracts.taxonomy import current_technique
from shared.ctem.severity import adjusted_score, triage
from shared.errors import NotFound
from shared.stores.postgres import Postgres, Query, Statement
from shared.stores.statements import statements

STALE_HOURS = 24.0
ATLAS = "AML."  # how the ids of its techniques begin

_SQL = statements(Path(__file__).with_suffix(".sql"))


class Exposures:
    """The exposures of a tenant. Each method raises StoreUnavailable."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def store(self, exposure: CTEMExposure) -> None:
        """Insert or update one that no scan brought, by (tenant, exposure_key)."""
        values = exposure.model_dump(mode="json")
        async with self._postgres.transaction(exposure.tenant_id) as connection:
            await connection.execute(_SQL["upsert_exposure"], {**values, "exposure": Jsonb(values)})

    async def open_on(self, tenant_id: str, assets: Sequence[str]) -> list[dict[str, Any]]:
        """Open exposures of what has these ids or names, highest score first; each says whether it is `stale` (not
        seen by a scan for 24 h) and whether a person took its risk.
        """
        (found,) = await self._postgres.read(tenant_id, open_exposures(tenant_id, assets))
        return list(found)

    async def exposure(self, tenant_id: str, key: str) -> ExposureRecord:
        """One exposure with its life. Raises NotFound."""
        async with self._postgres.transaction(tenant_id) as connection:
            asked = {"tenant_id": tenant_id, "exposure_key": key}
            row = await (await connection.execute(_SQL["exposure"], asked)).fetchone()
        if row is None:
            raise NotFound(f"There is no exposure {key}.")
        return _record(row)

    async def listed(
        self, tenant_id: str, listing: Listing, *, severity: str | None, status: str | None, tool: str | None
    ) -> Listed[ExposureRecord]:
        """Part of the tenant's exposures, by score. Filters that are None mean any."""
        score, key = listing.after or (None, None)
        asked = {"severity": severity, "status": status, "tool": tool, "score": score, "row_id": key}
        statement = _SQL["mildest_exposures" if listing.ascending else "worst_exposures"]
        async with self._postgres.transaction(tenant_id) as connection:
            cursor = await connection.execute(statement, {"tenant_id": tenant_id, "limit": listing.look_ahead, **asked})
            rows = await cursor.fetchall()
        part = listed(rows, listing, lambda row: (row["ctem_score"], row["exposure_key"]))
        return Listed([_record(row) for row in part.rows], part.last)


def open_exposures(tenant_id: str, assets: Sequence[str]) -> Query[list[dict[str, Any]]]:
    """What :meth:`Exposures.open_on` asks."""
    wanted = {"tenant_id": tenant_id, "assets": [asset.lower() for asset in assets]}

    def read(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        now = datetime.now(UTC)
        return [_open(row, now) for row in rows]

    return Query(_SQL["open_exposures_of_assets"], wanted, read)


def sighted(tenant_id: str, techniques: Iterable[str]) -> Statement | None:
    """Notes that an alert named these ATLAS techniques; None where it named none that there is."""
    named = sorted({name for name in techniques if name.startswith(ATLAS) and current_technique(name)})
    return (_SQL["sight"], {"tenant_id": tenant_id, "techniques": named}) if named else None


def _open(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    age, until = round(float(row.pop("age_hours")), 2), row.pop("accepted_until")
    return {**row, "age_hours": age, "stale": age > STALE_HOURS, "accepted": until is not None and until > now}


def _record(row: dict[str, Any]) -> ExposureRecord:
    """The columns say what has become of what the scan said."""
    deadline = _time(row["sla_deadline"])
    said = row["exposure"] | {"status": row["status"], "assigned_to": row["assigned_to"], "sla_deadline": deadline}
    where, alerted = f"ctem_exposures {row['exposure_key']}", row["alerted_at"] is not None
    return ExposureRecord.from_stored(
        {
            "exposure": CTEMExposure.from_stored(said, where=where),
            "asset_name": row["asset_name"],
            "first_seen": _time(row["first_seen"]),
            "last_seen": _time(row["last_seen"]),
            "occurrences": row["occurrences"],
            "scope": row["scope"],
            "reopened": row["reopened"],
            "resolved_at": _time(row["resolved_at"]),
            "sla_breached": row["sla_breached_at"] is not None,
            "alerted_at": _time(row["alerted_at"]),
            "adjusted_score": adjusted_score(row["ctem_score"], alerted=alerted),
            "priority": triage(row["severity"], breached=row["sla_breached_at"] is not None, alerted=alerted),
            "accepted_until": _time(row["accepted_until"]),
            "accepted_by": row["accepted_by"] or "",
            "accepted_reason": row["accepted_reason"] or "",
            "details": row["details"],
        },
        where=where,
    )


def _time(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat() if moment else ""
