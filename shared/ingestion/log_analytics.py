"""Sentinel's tables in Log Analytics, for the two questions of intake: the next rows in order of ingestion, and alerts
by id.

KQL is made of constants, our own times and numbers, and ids that passed an allow-list; no other text enters a query.
Times are compared as ``ingestion_time()``, the clock of the service, so neither a late row nor our own clock matters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from shared.errors import WorkspaceUnavailable
from shared.stores.log_analytics import LogAnalytics

MAX_IDS = 100  # of one query
INGESTED = "aluskort_ingested"

_PAGE = f"""{{table}}
| extend {INGESTED} = ingestion_time()
| where {INGESTED} >= datetime({{since}})
| extend aluskort_order = hash(tostring(pack_all()))
| sort by {INGESTED} asc, aluskort_order asc
| extend aluskort_place = row_number()
| where aluskort_place > {{skip}}
| take {{rows}}
| project-away aluskort_order, aluskort_place"""
_BY_ID = f"""SecurityAlert
| where SystemAlertId in (dynamic({{ids}}))
| where isnotempty(Entities) and Entities != "[]"
| extend {INGESTED} = ingestion_time()
| summarize arg_max({INGESTED}, *) by SystemAlertId"""
_ALERT_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")  # nothing in it can end a KQL string; a GUID, as a rule


@dataclass(frozen=True, slots=True)
class Row:
    """One row, its columns by name. ``ingested`` is cut to microseconds."""

    ingested: datetime
    columns: dict[str, Any]

    def as_body(self, *, workspace_id: str, tenant_id: str) -> bytes:
        """The row as the connector takes it. Its own TenantId is the workspace's id, so the tenant replaces it."""
        columns = {
            name: value for name, value in self.columns.items() if name.lower() not in {"tenantid", "workspaceid"}
        }
        columns |= {"TenantId": tenant_id, "WorkspaceId": workspace_id}
        try:
            return orjson.dumps(columns, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)
        except TypeError:  # half a surrogate pair, which an attacker may write and only the lenient reader takes
            return json.dumps(columns, sort_keys=True, default=str).encode()


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows in the order of the query; ``cut`` says why they may not be all, empty when they are."""

    rows: tuple[Row, ...]
    cut: str = ""


@dataclass(frozen=True, slots=True)
class FoundAlerts:
    """The newest row with entities of each alert that has one; ``refused`` ids were not asked for."""

    rows: tuple[Row, ...]
    refused: tuple[str, ...]


class SentinelTables:
    """Reads workspaces. No query has a timespan: it would compare TimeGenerated, which a late row has from long ago."""

    def __init__(self, log_analytics: LogAnalytics) -> None:
        self._log_analytics = log_analytics

    async def page(self, workspace_id: str, table: str, *, since: datetime, skip: int, rows: int) -> Answer:
        """At most ``rows`` rows ingested at or after ``since``, oldest first, without the first ``skip``.

        Raises WorkspaceUnavailable, ConfigurationError.
        """
        time = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return await self._query(workspace_id, _PAGE.format(table=table, since=time, skip=int(skip), rows=int(rows)))

    async def alerts_by_id(self, workspace_id: str, ids: Sequence[str]) -> FoundAlerts:
        """What the workspace has of at most MAX_IDS alerts, whose ids anybody may have written.

        Raises WorkspaceUnavailable, also for an answer that is not whole, and ConfigurationError.
        """
        safe = [alert_id for alert_id in ids if _ALERT_ID.fullmatch(alert_id)]
        refused = tuple(alert_id for alert_id in ids if not _ALERT_ID.fullmatch(alert_id))
        if not safe:
            return FoundAlerts((), refused)
        answer = await self._query(workspace_id, _BY_ID.format(ids=json.dumps(safe[:MAX_IDS])))
        if answer.cut:
            raise WorkspaceUnavailable(workspace_id, answer.cut)
        return FoundAlerts(answer.rows, refused)

    async def _query(self, workspace_id: str, query: str) -> Answer:
        table = await self._log_analytics.query(workspace_id, query)
        try:
            return Answer(tuple(map(_row, table.rows)), table.cut)
        except ValueError as error:
            raise WorkspaceUnavailable(workspace_id, f"its answer is no table of rows: {error!r}") from error


def _row(columns: dict[str, Any]) -> Row:
    ingested = columns.pop(INGESTED, None)
    if not isinstance(ingested, datetime):
        raise ValueError(f"column {INGESTED} has {ingested!r}, expected a time")
    return Row(ingested.astimezone(UTC), columns)
