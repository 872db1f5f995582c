"""LateEntities: asks Log Analytics for alerts that came without entities, which Sentinel often fills in minutes later.

A found row goes to the connector as an update of the same alert. The workspaces are asked in event hub mode too.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from shared.errors import ConfigurationError, WorkspaceUnavailable
from shared.ingestion.log_analytics import MAX_IDS, Row, SentinelTables
from shared.ingestion.source import Handle
from shared.stores.postgres import Postgres
from shared.stores.statements import statements

FIRST_PAUSE = timedelta(minutes=1)  # doubled at each try: after 0, 1, 3, 7, 15 and 31 minutes
GIVE_UP_AFTER = timedelta(hours=1)  # entities come within minutes; what lacks them after an hour never had any

logger = logging.getLogger(__name__)

_SQL = statements(Path(__file__).with_suffix(".sql"))


# Given a tenant: ids of its alerts that came without entities and whose investigation could still use them.
Waiting = Callable[[str], Awaitable[Sequence[str]]]


class LateEntities:
    """Fetches entities for the tenants of ``workspaces`` (id of a workspace: its tenant)."""

    def __init__(
        self, postgres: Postgres, sentinel: SentinelTables, workspaces: Mapping[str, str], waiting: Waiting
    ) -> None:
        self._postgres = postgres
        self._sentinel = sentinel
        self._workspaces = workspaces
        self._waiting = waiting

    async def fetch(self, handle: Handle) -> int:
        """Give ``handle`` every row that has entities now and return how many; at most MAX_IDS alerts a tenant.

        A workspace that cannot be asked is logged and the alert comes up again. Raises StoreUnavailable, and what
        ``handle`` raises.
        """
        return sum([await self._fetch(tenant, handle) for tenant in dict.fromkeys(self._workspaces.values())])

    async def _fetch(self, tenant_id: str, handle: Handle) -> int:
        due = await self._claim(tenant_id, list(dict.fromkeys(await self._waiting(tenant_id))))
        published = 0
        for workspace_id in [workspace for workspace, owner in self._workspaces.items() if owner == tenant_id]:
            if not due:
                break
            found = await self._found(workspace_id, tenant_id, due)
            headers = {"log-analytics-workspace": workspace_id.encode()}
            for alert_id, row in found.items():
                await handle(row.as_body(workspace_id=workspace_id, tenant_id=tenant_id), headers)
                await self._settle(tenant_id, "found", [alert_id])
            published += len(found)
            due = [alert_id for alert_id in due if alert_id not in found]
        return published

    async def _claim(self, tenant_id: str, waiting: list[str]) -> list[str]:
        """The alerts whose turn it is; those that had their hour are given up, with a word in the log."""
        values = {
            **{"tenant_id": tenant_id, "waiting": waiting, "at_most": MAX_IDS},
            **{"first_pause": FIRST_PAUSE, "give_up_after": GIVE_UP_AFTER},
        }
        async with self._postgres.transaction(tenant_id) as connection:
            await connection.execute(_SQL["forget_all_but"], values)
            given_up = await (await connection.execute(_SQL["give_up"], values)).fetchall()
            due = await (await connection.execute(_SQL["claim_due"], values)).fetchall()
        for row in given_up:
            logger.info(
                "Alert %r of tenant %s still has no entities after an hour; nobody asks for them any more.",
                *(row["alert_id"][:200], tenant_id),
                extra={"action": "late_entities.given_up"},
            )
        return [row["alert_id"] for row in due]

    async def _found(self, workspace_id: str, tenant_id: str, due: list[str]) -> dict[str, Row]:
        """Rows with entities by alert id. Ids that no query may hold are settled, so that nobody asks again."""
        try:
            found = await self._sentinel.alerts_by_id(workspace_id, due)
        except (WorkspaceUnavailable, ConfigurationError) as error:
            logger.warning("Late entities: %s", error, extra={"action": "late_entities.failed"})
            return {}
        if found.refused:
            shown = [alert_id[:200] for alert_id in found.refused[:5]]
            logger.warning(
                "%d alert ids of tenant %s have characters that no query may hold, so their entities are not asked "
                "for: %r",
                *(len(found.refused), tenant_id, shown),
                extra={"action": "late_entities.refused"},
            )
            await self._settle(tenant_id, "refused", list(found.refused))
        asked = set(due)
        rows = {str(row.columns.get("SystemAlertId")): row for row in found.rows}
        return {alert_id: row for alert_id, row in rows.items() if alert_id in asked}

    async def _settle(self, tenant_id: str, outcome: str, alert_ids: list[str]) -> None:
        values = {"tenant_id": tenant_id, "outcome": outcome, "alert_ids": alert_ids}
        async with self._postgres.transaction(tenant_id) as connection:
            await connection.execute(_SQL["settle"], values)
