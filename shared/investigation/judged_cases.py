"""Cases as people judged them, for those who learn from them. Reads only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

from shared.contracts.investigation import GraphState
from shared.contracts.judged_case import JudgedCase
from shared.stores.postgres import Postgres
from shared.stores.statements import statements

MOST_OF_A_RULE = 200
PAGE = 200

_SQL = statements(Path(__file__).with_suffix(".sql"))


class JudgedCases:
    """Each method raises StoreUnavailable."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def of_rule(self, tenant_id: str, alert_name: str, *, since: datetime) -> list[JudgedCase]:
        """The newest cases of this alert's name, whatever became of them."""
        values = {"tenant_id": tenant_id, "alert_name": alert_name, "begun_since": since, "limit": MOST_OF_A_RULE}
        async with self._postgres.transaction(tenant_id) as connection:
            rows = await (await connection.execute(_SQL["of_rule"], values)).fetchall()
        return [_case(row) for row in rows]

    async def count(self, tenant_id: str, *, since: datetime) -> int:
        """How many alerts the tenant had."""
        async with self._postgres.transaction(tenant_id) as connection:
            row = await (
                await connection.execute(_SQL["count"], {"tenant_id": tenant_id, "begun_since": since})
            ).fetchone()
        return row["alerts"] if row else 0

    async def history(self, tenant_id: str, *, alert_name: str, since: datetime) -> AsyncIterator[JudgedCase]:
        """Every case of this alert's name in any case, or of every name when it is empty; a page at a time."""
        values: dict[str, Any] = {"tenant_id": tenant_id, "alert_name": alert_name, "begun_since": since}
        values |= {"moment": None, "row_id": None}
        while True:
            async with self._postgres.transaction(tenant_id) as connection:
                rows = await (await connection.execute(_SQL["history"], {**values, "limit": PAGE})).fetchall()
            for row in rows:
                yield _case(row)
            if len(rows) < PAGE:
                return
            values |= {"moment": rows[-1]["created_at"], "row_id": rows[-1]["investigation_id"]}

    async def closed_by_pattern(self, tenant_id: str, pattern_id: str, *, since: datetime) -> list[str]:
        """Ids of the cases begun since then that are closed by this pattern alone."""
        values = {"tenant_id": tenant_id, "pattern_id": pattern_id, "begun_since": since}
        async with self._postgres.transaction(tenant_id) as connection:
            rows = await (await connection.execute(_SQL["closed_by_pattern"], values)).fetchall()
        return [row["investigation_id"] for row in rows]


def _case(row: dict[str, Any]) -> JudgedCase:
    state = GraphState.from_stored(row["graph_state"], where=f"investigation_state {row['investigation_id']}")
    return JudgedCase(
        investigation_id=row["investigation_id"],
        alert_title=row["alert_title"],
        product=state.product,
        severity=state.severity or state.alert_severity,
        classification=state.classification,
        outcome=state.outcome,
        incident_id=state.case_facts.incident_id,
        entities=state.parsed_entities,
        techniques=[item["technique_id"] for item in state.atlas_techniques],
        actions=[action.action for action in state.recommended_actions],
        disposition=row["disposition"] or "",
        decided_by=row["decided_by"] or "",
        decided_at=row["decided_at"].isoformat() if row["decided_at"] else "",
    )
