"""Investigations in PostgreSQL. A transition is one transaction: version check, transition row, approval, outbox."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb

from shared.bus.outbox import OutboxMessage, put
from shared.contracts.alert import NormalizedAlert
from shared.contracts.approval import Approval
from shared.contracts.investigation import GraphState
from shared.contracts.outside_text import storable
from shared.errors import Conflict, NotFound
from shared.incidents.repository import record_verdict
from shared.investigation import report
from shared.investigation.alert_update import amended
from shared.investigation.transitions import FINAL, check_transition
from shared.stores.postgres import Connection, Postgres
from shared.stores.statements import statements

WAITING_FOR_ENTITIES = timedelta(hours=2)
MOST_WAITING = 1_000

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
    supersedes: str = ""  # the approval that nobody answered and that becomes void


class InvestigationRepository:
    """Loads, opens and advances investigations of one tenant at a time."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def open(self, alert: NormalizedAlert, state: GraphState) -> GraphState:
        """Store a new investigation, or take in what the message adds to the alert of one that exists already.

        The alert of an open case is amended, its state is not: that is for the case's own steps. Raises
        StoreUnavailable.
        """
        async with self._postgres.transaction(state.tenant_id) as connection:
            cursor = await connection.execute(
                _SQL["open"],
                {
                    "investigation_id": state.investigation_id,
                    "tenant_id": state.tenant_id,
                    "alert_id": storable(state.alert_id),
                    "source": storable(alert.source),
                    "alert_title": storable(alert.title),
                    "severity": alert.severity,
                    "graph_state": _json(state),
                    "alert": Jsonb(storable(alert.model_dump(mode="json"))),
                },
            )
            if cursor.rowcount:
                return state
            await _amend(connection, await _load(connection, state.tenant_id, state.investigation_id), alert)
            # The amendment locks the case: a step that was moving it on has done so by now.
            return await _load(connection, state.tenant_id, state.investigation_id)

    async def load(self, tenant_id: str, investigation_id: str) -> GraphState:
        """Raises NotFound, StoreUnavailable."""
        async with self._postgres.transaction(tenant_id) as connection:
            return await _load(connection, tenant_id, investigation_id)

    async def alert(self, state: GraphState) -> NormalizedAlert:
        """The alert as it is known now, later messages included, without its raw payload. Raises NotFound and
        StoreUnavailable.
        """
        async with self._postgres.transaction(state.tenant_id) as connection:
            return await _alert(connection, "alert", state.tenant_id, state.investigation_id)

    async def without_entities(self, tenant_id: str) -> list[str]:
        """Ids of the alerts of the last hours whose entities their source has not filled in: the newest first, as a
        flood would otherwise hide those that can still be asked for.
        """
        values = {"tenant_id": tenant_id, "age": WAITING_FOR_ENTITIES, "limit": MOST_WAITING}
        async with self._postgres.transaction(tenant_id) as connection:
            rows = await (await connection.execute(_SQL["without_entities"], values)).fetchall()
        return [row["alert_id"] for row in rows]

    async def findings(self, state: GraphState, *steps: str) -> dict[tuple[str, int], dict[str, Any]]:
        """What these steps found earlier in this round, by step and attempt. Raises StoreUnavailable."""
        values = {
            "tenant_id": state.tenant_id,
            "investigation_id": state.investigation_id,
            "round": state.round,
            "steps": list(steps),
        }
        async with self._postgres.transaction(state.tenant_id) as connection:
            rows = await (await connection.execute(_SQL["findings"], values)).fetchall()
        return {(row["step"], row["attempt"]): row["finding"] for row in rows}

    def unit_of_work(self, tenant_id: str) -> AbstractAsyncContextManager[None]:
        """See Postgres.unit_of_work: what a step reads and writes inside is one transaction."""
        return self._postgres.unit_of_work(tenant_id)

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
                    "round": state.round,
                    "finding": Jsonb(storable(finding)),
                },
            )

    async def send(self, state: GraphState, message: OutboxMessage) -> None:
        """Leave one message about a case in the outbox. Raises StoreUnavailable."""
        async with self._postgres.transaction(state.tenant_id) as connection:
            await put(connection, state.tenant_id, state.investigation_id, [message])

    async def advance(self, transition: Transition) -> GraphState:
        """Make a transition once: a step that was already made changes nothing and returns what is stored.

        Raises Conflict for a transition that the table forbids or for a lost race, StoreUnavailable.
        """
        before, after = transition.before, transition.after
        check_transition(before.state, after.state)
        stored = after.model_copy(update={"version": before.version + 1})
        async with self._postgres.transaction(before.tenant_id) as connection, _all_or_nothing(connection, transition):
            values = {
                "tenant_id": before.tenant_id,
                "investigation_id": before.investigation_id,
                "step": transition.step,
                "round": before.round,
                "version": before.version,
                "state_before": before.state,
                "state": stored.state,
                "graph_state": _json(stored),
                "severity": stored.severity or stored.alert_severity,
                "confidence": stored.confidence,
                "llm_calls": stored.llm_calls,
                "total_cost_usd": stored.total_cost_usd,
                "agent": transition.agent,
                "reasoning": storable(transition.reasoning),
            }
            cursor = await connection.execute(_SQL["advance"], values)
            if cursor.rowcount == 0:
                cursor = await connection.execute(_SQL["transition_exists"], values)
                if await cursor.fetchone() is None:
                    raise Conflict(
                        f"investigation {before.investigation_id} moved on from version {before.version} "
                        f"while step {transition.step} ran; load it again"
                    )
                return await _load(connection, before.tenant_id, before.investigation_id)
            if transition.supersedes:
                await _supersede(connection, before.tenant_id, transition.supersedes)
            async with connection.pipeline():
                if transition.approval is not None:
                    await _request_approval(connection, transition.approval)
                await put(connection, before.tenant_id, before.investigation_id, list(transition.messages))
                if stored.state in FINAL or stored.classification != before.classification:
                    await record_verdict(connection, stored, decided=stored.state in FINAL)
        return stored


def _all_or_nothing(connection: Connection, transition: Transition) -> AbstractAsyncContextManager[Any]:
    """A savepoint where a Conflict can come after the first write, as its caller may go on in the same unit of work."""
    return connection.transaction() if transition.supersedes else nullcontext()


async def _load(connection: Connection, tenant_id: str, investigation_id: str) -> GraphState:
    values = {"tenant_id": tenant_id, "investigation_id": investigation_id}
    cursor = await connection.execute(_SQL["load"], values)
    row = await cursor.fetchone()
    if row is None:
        raise NotFound(f"investigation {investigation_id} does not exist for this tenant")
    return GraphState.from_stored(row["graph_state"], where=f"investigation_state {investigation_id}")


async def _alert(connection: Connection, statement: str, tenant_id: str, investigation_id: str) -> NormalizedAlert:
    values = {"tenant_id": tenant_id, "investigation_id": investigation_id}
    cursor = await connection.execute(_SQL[statement], values)
    row = await cursor.fetchone()
    if row is None:
        raise NotFound(f"investigation {investigation_id} does not exist for this tenant")
    return NormalizedAlert.from_stored(row["alert"], where=f"alert of investigation_state {investigation_id}")


async def _amend(connection: Connection, state: GraphState, update: NormalizedAlert) -> None:
    """Keep what a later message says; the same message again changes nothing."""
    stored = await _alert(connection, "lock_alert", state.tenant_id, state.investigation_id)
    amended_alert, changed = amended(stored, update)
    if not changed and update.raw_payload == stored.raw_payload:
        return
    said = storable(update.model_dump(mode="json"))
    cursor = await connection.execute(
        _SQL["record_update"],
        {
            "investigation_id": state.investigation_id,
            "tenant_id": state.tenant_id,
            "digest": hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest(),
            "changed": changed,
            "alert": Jsonb(said),
        },
    )
    if cursor.rowcount == 0:
        return
    values = {
        "tenant_id": state.tenant_id,
        "investigation_id": state.investigation_id,
        "alert_title": storable(amended_alert.title),
        "alert": Jsonb(storable(amended_alert.model_dump(mode="json"))),
    }
    await connection.execute(_SQL["amend_alert"], values)
    await put(connection, state.tenant_id, state.investigation_id, [report.alert_updated(state, changed)])


async def _supersede(connection: Connection, tenant_id: str, approval_id: str) -> None:
    values = {"tenant_id": tenant_id, "approval_id": approval_id}
    cursor = await connection.execute(_SQL["supersede_approval"], values)
    if cursor.rowcount == 0:
        raise Conflict(f"approval {approval_id} was decided meanwhile, so the case goes on as decided")


async def _request_approval(connection: Connection, approval: Approval) -> None:
    values = approval.model_dump(mode="json")
    documents = {name: Jsonb(storable(values[name])) for name in ("actions", "protected")}
    await connection.execute(_SQL["request_approval"], {**values, **documents})


def _json(state: GraphState) -> Jsonb:
    return Jsonb(storable(state.model_dump(mode="json")))
