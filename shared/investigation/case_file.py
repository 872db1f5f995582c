"""The one read model of investigations: a case whole, the list of cases, and what waits for a person."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from shared.contracts.approval import Approval
from shared.contracts.case_file import CaseFile, InvestigationSummary
from shared.contracts.listing import Listed, Listing, listed
from shared.contracts.shadow_mode import ShadowAgreement
from shared.errors import NotFound
from shared.incidents.repository import incident_of
from shared.investigation.exposures_since import exposures_since
from shared.response.executed import executed_actions
from shared.stores.postgres import Connection, Postgres
from shared.stores.statements import statements

MOST_RULES = 500

_SQL = statements(Path(__file__).with_suffix(".sql"))
_PARTS = ("transitions", "alert_updates", "approvals", "dispositions")


class CaseFiles:
    """Reads one tenant's cases. Each method raises StoreUnavailable."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def read(self, tenant_id: str, investigation_id: str) -> CaseFile:
        """One investigation whole, as it stood at one moment. Raises NotFound."""
        values = {"tenant_id": tenant_id, "investigation_id": investigation_id}
        async with self._postgres.transaction(tenant_id) as connection, connection.pipeline():
            cursors = {part: await connection.execute(_SQL[part], values) for part in ("investigation", *_PARTS)}
            actions = await executed_actions(connection, tenant_id, investigation_id)
            found = await cursors["investigation"].fetchone()
            if found is None:
                raise NotFound(f"investigation {investigation_id} does not exist in this tenant")
            incident = await incident_of(connection, tenant_id, found["alert_id"])
            parts = {part: [_with_texts(row) for row in await cursors[part].fetchall()] for part in _PARTS}
            exposures = await exposures_since(connection, tenant_id, found)
        return CaseFile.from_stored(
            {**found, **parts, "actions": actions, "incident": incident, "exposures_since": exposures},
            where=f"investigation_state {investigation_id}",
        )

    async def cases(
        self, tenant_id: str, listing: Listing, *, state: str | None = None, severity: str | None = None
    ) -> Listed[InvestigationSummary]:
        """Cases by the time they were opened; the key of a row is that time and its id."""
        statement = "oldest_cases" if listing.ascending else "newest_cases"
        values = {"tenant_id": tenant_id, "state": state, "severity": severity, **_place(listing)}
        async with self._postgres.transaction(tenant_id) as connection:
            rows = await _rows(connection, statement, values)
        cases = [InvestigationSummary.from_stored(row, where="investigation_state") for row in rows]
        return listed(cases, listing, lambda case: (case.created_at, case.investigation_id))

    async def shadow_agreement(self, tenant_id: str, *, since: datetime | None) -> list[ShadowAgreement]:
        """How people decided the cases that were judged in shadow mode: the tenant's first, then those of its rules,
        those with most cases.
        """
        values = {"tenant_id": tenant_id, "since": since, "limit": MOST_RULES}
        async with self._postgres.transaction(tenant_id) as connection:
            rows = await _rows(connection, "shadow_agreement", values)
        return [ShadowAgreement.from_stored(row, where="investigation_state") for row in rows]

    async def waiting_approvals(self, tenant_id: str, listing: Listing) -> Listed[Approval]:
        """Approvals that may still be answered, by the time they expire; the key of a row is that time and its id."""
        statement = "next_to_expire" if listing.ascending else "last_to_expire"
        async with self._postgres.transaction(tenant_id) as connection:
            rows = await _rows(connection, statement, {"tenant_id": tenant_id, **_place(listing)})
        part = listed(rows, listing, lambda row: (row["expires_at"], row["approval_id"]))
        approvals = [
            Approval.from_stored(_with_texts(row), where=f"action_approvals {row['approval_id']}") for row in part.rows
        ]
        return Listed(approvals, part.last)


async def _rows(connection: Connection, statement: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    return await (await connection.execute(_SQL[statement], values)).fetchall()


def _place(listing: Listing) -> dict[str, Any]:
    moment, row_id = listing.after or (None, None)
    return {"moment": moment, "row_id": row_id, "limit": listing.look_ahead}


def _with_texts(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
