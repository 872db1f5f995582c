"""Investigations in PostgreSQL. A transition is one transaction: version check, transition row, approval, outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb

from shared.bus.outbox import OutboxMessage, put
from shared.contracts.alert import NormalizedAlert
from shared.contracts.approval import Approval
from shared.contracts.investigation import GraphState
from shared.errors import Conflict, NotFound
from shared.investigation.transitions import check_transition
from shared.stores.postgres import Connection, Postgres
from shared.stores.statements import statements

_SQL = statements(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True)
class Transition:
    """One step's outcome: the new state of the graph and everything that must become true together with it."""

    step: str
    agent: str
    reasoning: str
    before: GraphState
    after: GraphState
    messages: Sequence[OutboxMessage] = ()
    approval: Approval | None = None


class InvestigationRepository:
    """Loads, opens and advances investigations of one tenant at a time."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def open(self, alert: NormalizedAlert, state: GraphState) -> GraphState:
        """Store a new investigation; one that exists already stays and is returned. Raises StoreUnavailable."""
        async with self._postgres.transaction(state.tenant_id) as connection:
            await connection.execute(
                _SQL["open"],
                {
                    "investigation_id": state.investigation_id,
                    "tenant_id": state.tenant_id,
                    "alert_id": _storable(state.alert_id),
                    "source": _storable(alert.source),
                    "alert_title": _storable(alert.title),
                    "severity": alert.severity,
                    "graph_state": _json(state),
                    "alert": Jsonb(_storable(alert.model_dump(mode="json"))),
                },
            )
            return await _load(connection, state.investigation_id)

    async def load(self, tenant_id: str, investigation_id: str) -> GraphState:
        """Raises NotFound, StoreUnavailable."""
        async with self._postgres.transaction(tenant_id) as connection:
            return await _load(connection, investigation_id)

    async def finding(self, state: GraphState, step: str, attempt: int = 1) -> dict[str, Any] | None:
        """What a step found earlier, or None."""
        async with self._postgres.transaction(state.tenant_id) as connection:
            cursor = await connection.execute(
                _SQL["finding"],
                {"investigation_id": state.investigation_id, "step": step, "attempt": attempt},
            )
            row = await cursor.fetchone()
        return dict(row["finding"]) if row else None

    async def keep_finding(self, state: GraphState, step: str, finding: dict[str, Any], *, attempt: int = 1) -> None:
        """Keep what a step found before it is reported done; the first finding stays."""
        async with self._postgres.transaction(state.tenant_id) as connection:
            await connection.execute(
                _SQL["keep_finding"],
                {
                    "investigation_id": state.investigation_id,
                    "tenant_id": state.tenant_id,
                    "step": step,
                    "attempt": attempt,
                    "finding": Jsonb(_storable(finding)),
                },
            )

    async def advance(self, transition: Transition) -> GraphState:
        """Make a transition once: a step that was already made changes nothing and returns what is stored.

        Raises Conflict for a transition that the table forbids or for a lost race, StoreUnavailable.
        """
        before, after = transition.before, transition.after
        check_transition(before.state, after.state)
        stored = after.model_copy(update={"version": before.version + 1})
        async with self._postgres.transaction(before.tenant_id) as connection:
            key = {"investigation_id": before.investigation_id, "step": transition.step}
            cursor = await connection.execute(
                _SQL["advance"],
                {
                    "investigation_id": before.investigation_id,
                    "version": before.version,
                    "state": stored.state,
                    "graph_state": _json(stored),
                    "severity": stored.severity or stored.alert_severity,
                    "confidence": stored.confidence,
                    "llm_calls": stored.llm_calls,
                    "total_cost_usd": stored.total_cost_usd,
                },
            )
            if cursor.rowcount == 0:
                cursor = await connection.execute(_SQL["transition_exists"], key)
                if await cursor.fetchone() is None:
                    raise Conflict(
                        f"investigation {before.investigation_id} moved on from version {before.version} "
                        f"while step {transition.step} ran; load it again"
                    )
                return await _load(connection, before.investigation_id)
            await connection.execute(
                _SQL["record_transition"],
                {
                    **key,
                    "tenant_id": before.tenant_id,
                    "version": stored.version,
                    "state_before": before.state,
                    "state_after": stored.state,
                    "agent": transition.agent,
                    "reasoning": _storable(transition.reasoning),
                },
            )
            if transition.approval is not None:
                await _request_approval(connection, transition.approval)
            await put(connection, before.tenant_id, before.investigation_id, list(transition.messages))
        return stored


async def _load(connection: Connection, investigation_id: str) -> GraphState:
    cursor = await connection.execute(_SQL["load"], {"investigation_id": investigation_id})
    row = await cursor.fetchone()
    if row is None:
        raise NotFound(f"investigation {investigation_id} does not exist for this tenant")
    return GraphState.model_validate(row["graph_state"], extra="ignore")


async def _request_approval(connection: Connection, approval: Approval) -> None:
    values = approval.model_dump(mode="json", exclude={"actions", "status", "decided_at", "decided_by", "comment"})
    actions = Jsonb(_storable([action.model_dump(mode="json") for action in approval.actions]))
    await connection.execute(_SQL["request_approval"], {**values, "actions": actions})


def _json(state: GraphState) -> Jsonb:
    return Jsonb(_storable(state.model_dump(mode="json")))


def _storable[T](value: T) -> T:
    """PostgreSQL's text and jsonb hold no NUL and no lone surrogate; both can only come from hostile text."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()  # type: ignore[return-value]
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}  # type: ignore[return-value]
    if isinstance(value, list):
        return [_storable(item) for item in value]  # type: ignore[return-value]
    return value
