"""Cases at work that make no step: their orchestration is woken, or started where it got lost; a case that stays stuck
fails with the reason, so that a person sees it.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

from shared.contracts.tenant import EVERY_TENANT
from shared.errors import StoredByAnotherVersion
from shared.investigation.approval_rows import waiting_case
from shared.investigation.approvals import Approvals
from shared.investigation.graph import InvestigationGraph
from shared.stores.postgres import Postgres
from shared.stores.statements import statements
from shared.telemetry import LogAction, log_fields

MARGIN = timedelta(minutes=10)  # beyond two waits for a model, the longest that a case may be without a transition
GIVE_UP = timedelta(hours=6)  # after it was first noticed: an outage of everything may take hours, and then it goes on

logger = logging.getLogger(__name__)

_SQL = statements(Path(__file__).with_suffix(".sql"))


class StuckCases:
    """Every tenant's. ``llm_wait`` is how long a case waits for one answer of a model."""

    def __init__(
        self, postgres: Postgres, approvals: Approvals, graph: InvestigationGraph, *, llm_wait: timedelta
    ) -> None:
        self._postgres = postgres
        self._approvals = approvals
        self._graph = graph
        self._budget = 2 * llm_wait + MARGIN

    async def move_on(self) -> int:
        """Wake those that are stuck, or fail those that have been for GIVE_UP; returns how many there are. Raises
        StoreUnavailable.
        """
        async with self._postgres.transaction(EVERY_TENANT) as connection:
            values = {"budget": self._budget, "give_up": GIVE_UP}
            rows = await (await connection.execute(_SQL["notice"], values)).fetchall()
        for row in rows:
            try:
                await self._move_on(row)
            except StoredByAnotherVersion as error:  # that version runs beside this one and gives it up
                logger.info("A stuck case is left: %s", error)
        return len(rows)

    async def _move_on(self, row: dict[str, Any]) -> None:
        minutes = round(float(row["idle_seconds"]) / 60)
        logger.warning(
            "Investigation %s of tenant %s has been %s for %d minutes without a step and is %s",
            row["investigation_id"],
            row["tenant_id"],
            row["state"],
            minutes,
            "given up" if row["given_up"] else "woken",
            extra=log_fields(LogAction.INVESTIGATION_STUCK, tenant_id=row["tenant_id"], idle_minutes=minutes),
        )
        if row["given_up"]:
            reason = f"no step was made for {minutes} minutes, though its orchestration was woken again and again"
            await self._graph.give_up(row["tenant_id"], row["investigation_id"], reason)
        else:
            await self._approvals.wake(waiting_case(row))
