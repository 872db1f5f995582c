"""One tenant's cases counted: the open ones by state and age, the newest by what decided them and what people made of
them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from shared.contracts.disposition import CLASSIFICATIONS
from shared.contracts.investigation import Classification
from shared.contracts.statistics import Agreement, CaseStatistics, OpenCases
from shared.stores.postgres import Postgres
from shared.stores.statements import statements

NEWEST = 1_000  # cases; what a page may cost whatever the tenant has

_SQL = statements(Path(__file__).with_suffix(".sql"))


class CaseCounts:
    """Counts one tenant's cases."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def read(self, tenant_id: str) -> CaseStatistics:
        """As they stand at one moment. Raises StoreUnavailable."""
        values = {"tenant_id": tenant_id, "at_most": NEWEST}
        async with self._postgres.transaction(tenant_id) as connection, connection.pipeline():
            cursors = [await connection.execute(_SQL[name], values) for name in ("open_cases", "newest_by_row")]
            disposed = await connection.execute(_SQL["disposed"], values)
            open_cases, newest = [await cursor.fetchall() for cursor in cursors]
            agreement = agreement_of(await disposed.fetchall())
        ended = Counter[str]()
        rows = Counter[str]()
        for row in newest:
            ended[row["state"]] += row["cases"]
            if row["decided_by"]:
                rows[row["decided_by"]] += row["cases"]
        return CaseStatistics(
            open=[OpenCases.from_stored(row, where="investigation_state") for row in open_cases],
            newest=ended.total(),
            newest_since=min((row["since"] for row in newest), default=None),
            closed=ended["closed"],
            failed=ended["failed"],
            verdicts_by_row=dict(rows.most_common()),
            agreement=agreement,
        )


def agreement_of(disposed: Iterable[Mapping[str, Any]]) -> Agreement:
    """``disposition`` and ``classification`` of each case compared."""
    counted = Counter[str]()
    for case in disposed:
        said = CLASSIFICATIONS.get(case["disposition"])
        if said is None or said is Classification.REQUIRES_INVESTIGATION:
            counted["person_abstained"] += 1
        elif case["classification"] in {None, "", Classification.REQUIRES_INVESTIGATION}:
            counted["machine_abstained"] += 1
        else:
            counted["agreed" if said == case["classification"] else "differed"] += 1
    return Agreement(**counted)
