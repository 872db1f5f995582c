"""What the API shows of investigations and approvals, read from their tables; every read is bound to one tenant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from shared.api.cursor import Cursor
from shared.contracts.approval import Approval
from shared.contracts.contract import Contract
from shared.contracts.investigation import GraphState
from shared.errors import NotFound
from shared.stores.postgres import Postgres
from shared.stores.statements import statements

WAITING_LIMIT = 100

_SQL = statements(Path(__file__).with_name("reads.sql"))


class InvestigationSummary(Contract):
    """One line of the list. Confidence is 0-1, cost USD."""

    investigation_id: str
    alert_id: str
    source: str
    alert_title: str
    severity: str
    state: str
    classification: str | None
    confidence: float
    outcome: str | None
    degradation_level: str | None
    model_provider: str | None
    llm_calls: int
    total_cost_usd: float
    version: int
    created_at: datetime
    updated_at: datetime


class InvestigationPage(Contract):
    """Investigations, newest first; ``next_cursor`` reads on and is null at the end."""

    investigations: list[InvestigationSummary]
    next_cursor: str | None


class Transition(Contract):
    """One change of state."""

    step: str
    version: int
    state_before: str
    state_after: str
    agent: str
    reasoning: str
    happened_at: datetime


class AlertUpdate(Contract):
    """A later message about the alert: which fields it changed, and the time and severity that it gave."""

    changed: list[str]
    received_at: datetime
    timestamp: str
    severity: str


class ExecutedAction(Contract):
    """What the executor did with one action."""

    action_id: str
    action: str
    target: str
    status: str
    detail: str
    approved_by: str
    executed_at: datetime


class InvestigationDetail(Contract):
    """One investigation whole; the decision chain is ``graph_state.decision_chain``."""

    investigation_id: str
    alert_id: str
    source: str
    alert_title: str
    severity: str
    state: str
    version: int
    created_at: datetime
    updated_at: datetime
    alert: dict[str, Any]
    graph_state: GraphState
    transitions: list[Transition]
    alert_updates: list[AlertUpdate]
    approvals: list[Approval]
    actions: list[ExecutedAction]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvestigationFilters:
    """None means any."""

    state: str | None = None
    severity: str | None = None


async def list_investigations(
    postgres: Postgres, tenant_id: str, filters: InvestigationFilters, *, cursor: Cursor | None, limit: int
) -> InvestigationPage:
    """One page, newest first."""
    parameters = {
        "tenant_id": tenant_id,
        "state": filters.state,
        "severity": filters.severity,
        "before": cursor.moment if cursor else None,
        "before_id": cursor.row_id if cursor else None,
        "limit": limit + 1,
    }
    async with postgres.transaction(tenant_id) as connection:
        rows = await (await connection.execute(_SQL["investigations"], parameters)).fetchall()
    page = [InvestigationSummary.from_stored(row, where="investigation_state") for row in rows[:limit]]
    more = len(rows) > limit
    return InvestigationPage(
        investigations=page,
        next_cursor=Cursor(page[-1].created_at, page[-1].investigation_id).encode() if more else None,
    )


async def read_investigation(postgres: Postgres, tenant_id: str, investigation_id: str) -> InvestigationDetail:
    """One investigation in one transaction. Raises NotFound."""
    parameters = {"tenant_id": tenant_id, "investigation_id": investigation_id}
    async with postgres.transaction(tenant_id) as connection:
        found = await (await connection.execute(_SQL["investigation"], parameters)).fetchone()
        if found is None:
            raise NotFound(f"investigation {investigation_id} does not exist in this tenant")
        transitions = await (await connection.execute(_SQL["transitions"], parameters)).fetchall()
        updates = await (await connection.execute(_SQL["alert_updates"], parameters)).fetchall()
        approvals = await (await connection.execute(_SQL["approvals"], parameters)).fetchall()
        actions = await (await connection.execute(_SQL["executed_actions"], parameters)).fetchall()
    return InvestigationDetail.from_stored(
        {
            **found,
            "transitions": transitions,
            "alert_updates": updates,
            "approvals": [_approval(row) for row in approvals],
            "actions": actions,
        },
        where=f"investigation_state {investigation_id}",
    )


async def list_waiting_approvals(postgres: Postgres, tenant_id: str) -> list[Approval]:
    """Approvals that may still be answered, the next to expire first, at most WAITING_LIMIT."""
    parameters = {"tenant_id": tenant_id, "limit": WAITING_LIMIT}
    async with postgres.transaction(tenant_id) as connection:
        rows = await (await connection.execute(_SQL["waiting_approvals"], parameters)).fetchall()
    return [_approval(row) for row in rows]


def _approval(row: dict[str, Any]) -> Approval:
    times = {name: value.isoformat() for name, value in row.items() if isinstance(value, datetime)}
    return Approval.from_stored(row | times, where=f"action_approvals {row['approval_id']}")
