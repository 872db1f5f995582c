"""Investigations in PostgreSQL. A transition is one transaction: version check, transition row, approval, outbox."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from psycopg import errors
from psycopg.types.json import Jsonb

from shared.bus.outbox import OutboxMessage, put, put_statement
from shared.contracts.alert import NormalizedAlert
from shared.contracts.approval import Approval
from shared.contracts.investigation import GraphState
from shared.contracts.outside_text import storable, storable_json
from shared.ctem.exposures import sighted
from shared.errors import Conflict, InvalidInput, NotFound
from shared.incidents.repository import record_verdict
from shared.investigation import report
from shared.investigation.alert_update import amended
from shared.investigation.transitions import FINAL, check_transition
from shared.stores.postgres import Connection, Postgres, Query, Result, Statement
from shared.stores.statements import statements

Findings = dict[tuple[str, int], dict[str, Any]]  # by step and attempt

WAITING_FOR_ENTITIES = timedelta(hours=2)
MOST_WAITING = 1_000
MOST_ESCALATIONS = 10  # of a tenant within any hour (llm.md §11): the stronger model costs the most

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
        """Store a new investigation, or take in what the message adds to the alert of one that exists already.

        The alert of an open case is amended, its state is not: that is for the case's own steps. Raises
        StoreUnavailable.
        """
        values = {
            "investigation_id": state.investigation_id,
            "tenant_id": state.tenant_id,
            "alert_id": storable(state.alert_id),
            "source": storable(alert.source),
            "alert_title": storable(alert.title),
            "severity": alert.severity,
            "graph_state": _json(state.model_dump(mode="json")),
            "alert": _json(alert.model_dump(mode="json")),
        }
        [opened] = await self._postgres.together(state.tenant_id, (_SQL["open"], values))
        if opened.count:
            return state
        load = _load_statement(state.tenant_id, state.investigation_id)
        async with self._postgres.transaction(state.tenant_id) as connection:
            [loaded] = await connection.together([load])
            await _amend(connection, _loaded(loaded, state.investigation_id), alert)
            # The amendment locks the case: a step that was moving it on has done so by now.
            [loaded] = await connection.together([load])
            return _loaded(loaded, state.investigation_id)

    async def load(self, tenant_id: str, investigation_id: str) -> GraphState:
        """Raises NotFound, StoreUnavailable."""
        [loaded] = await self._postgres.together(tenant_id, _load_statement(tenant_id, investigation_id))
        return _loaded(loaded, investigation_id)

    async def alert(self, state: GraphState) -> NormalizedAlert:
        """The alert as it is known now, later messages included, without its raw payload. Raises NotFound and
        StoreUnavailable.
        """
        [alert] = await self._postgres.read(state.tenant_id, alert_of(state))
        return cast("NormalizedAlert", alert)

    async def without_entities(self, tenant_id: str) -> list[str]:
        """Ids of the alerts of the last hours whose entities their source has not filled in: the newest first, as a
        flood would otherwise hide those that can still be asked for.
        """
        values = {"tenant_id": tenant_id, "age": WAITING_FOR_ENTITIES, "limit": MOST_WAITING}
        async with self._postgres.transaction(tenant_id) as connection:
            rows = await (await connection.execute(_SQL["without_entities"], values)).fetchall()
        return [row["alert_id"] for row in rows]

    async def read(self, tenant_id: str, *queries: Query[Any]) -> list[Any]:
        """See Postgres.read."""
        return await self._postgres.read(tenant_id, *queries)

    async def findings(self, state: GraphState, *steps: str) -> Findings:
        """What these steps found earlier in this round, by step and attempt. Raises StoreUnavailable."""
        statement = _findings_statement(state.tenant_id, state.investigation_id, steps)
        [found] = await self._postgres.together(state.tenant_id, statement)
        return _findings(found, state.round)

    async def load_with_findings(
        self, tenant_id: str, investigation_id: str, *steps: str
    ) -> tuple[GraphState, Findings]:
        """:meth:`load` and :meth:`findings` in one round trip."""
        results = await self._postgres.together(tenant_id, *_load_statements(tenant_id, investigation_id, steps))
        return _with_findings(results, investigation_id)

    @asynccontextmanager
    async def unit_of_work(
        self, tenant_id: str, investigation_id: str, *steps: str
    ) -> AsyncIterator[tuple[GraphState, Findings]]:
        """The case as it stands, and what these steps found earlier in this round.

        See Postgres.unit_of_work: what a step reads and writes inside is one transaction. Raises NotFound,
        StoreUnavailable.
        """
        first = _load_statements(tenant_id, investigation_id, steps)
        async with self._postgres.unit_of_work(tenant_id, *first) as results:
            yield _with_findings(results, investigation_id)

    async def keep_finding(self, state: GraphState, step: str, finding: dict[str, Any], *, attempt: int = 1) -> None:
        """Keep what a step found before it is reported done; the first finding stays."""
        values = {
            "investigation_id": state.investigation_id,
            "tenant_id": state.tenant_id,
            "step": step,
            "attempt": attempt,
            "round": state.round,
            "finding": _json(finding),
        }
        await self._postgres.together(state.tenant_id, (_SQL["keep_finding"], values))

    async def send(self, state: GraphState, message: OutboxMessage) -> None:
        """Leave one message about a case in the outbox. Raises StoreUnavailable."""
        async with self._postgres.transaction(state.tenant_id) as connection:
            await put(connection, state.tenant_id, state.investigation_id, [message])

    async def advance(self, transition: Transition, *, ends: bool = False) -> GraphState:
        """Make a transition once: a step that was already made changes nothing and returns what is stored.

        ``ends``: and with it the unit of work that it is part of. A lost race within one undoes all of it. Raises
        Conflict for a transition that the table forbids or for a lost race, StoreUnavailable.
        """
        before, after = transition.before, transition.after
        check_transition(before.state, after.state)
        stored = after.model_copy(update={"version": before.version + 1})
        try:
            await self._postgres.together(before.tenant_id, *_statements(transition, stored), ends=ends)
        except InvalidInput as error:
            if not isinstance(error.__cause__, errors.NotNullViolation):
                raise
            return await self._lost(transition)
        return stored

    async def _lost(self, transition: Transition) -> GraphState:
        """What is stored when this very step was made by somebody else. Raises Conflict when it was another one."""
        before = transition.before
        values = {"tenant_id": before.tenant_id, "investigation_id": before.investigation_id}
        asked = (_SQL["transition_exists"], {**values, "step": transition.step, "round": before.round})
        conflict = Conflict(
            f"investigation {before.investigation_id} moved on from version {before.version} "
            f"while step {transition.step} ran; load it again"
        )
        if self._postgres.in_unit_of_work:
            raise conflict
        exists, loaded = await self._postgres.together(
            before.tenant_id, asked, _load_statement(before.tenant_id, before.investigation_id)
        )
        if not exists.rows:
            raise conflict
        return _loaded(loaded, before.investigation_id)

    async def take_escalation(self, state: GraphState) -> bool:
        """Whether the case may ask the stronger model: once, and so many cases of a tenant within an hour."""
        values = {
            "tenant_id": state.tenant_id,
            "investigation_id": state.investigation_id,
            "most": MOST_ESCALATIONS,
            "time": timedelta(hours=1),
        }
        [taken] = await self._postgres.together(state.tenant_id, (_SQL["take_escalation"], values))
        return taken.count == 1

    async def supersede(self, tenant_id: str, approval_id: str) -> None:
        """Make an approval void that nobody answered. Raises Conflict for one that was."""
        values = {"tenant_id": tenant_id, "approval_id": approval_id}
        [superseded] = await self._postgres.together(tenant_id, (_SQL["supersede_approval"], values))
        if superseded.count == 0:
            raise Conflict(f"approval {approval_id} was decided meanwhile, so the case goes on as decided")

    @asynccontextmanager
    async def undone_by_an_error(self, tenant_id: str) -> AsyncIterator[None]:
        """A part of a unit of work that may fail alone."""
        async with self._postgres.transaction(tenant_id) as connection, connection.transaction():
            yield


def _statements(transition: Transition, stored: GraphState) -> list[Statement]:
    """Everything that becomes true with a transition, which comes first: when it is refused, so are the others."""
    before = transition.before
    values = {
        "tenant_id": before.tenant_id,
        "investigation_id": before.investigation_id,
        "step": transition.step,
        "round": before.round,
        "version": before.version,
        "state_before": before.state,
        "state": stored.state,
        "graph_state": _json(stored.model_dump(mode="json")),
        "severity": stored.severity or stored.alert_severity,
        "confidence": stored.confidence,
        "llm_calls": stored.llm_calls,
        "total_cost_usd": stored.total_cost_usd,
        "agent": transition.agent,
        "reasoning": storable(transition.reasoning),
    }
    statements: list[Statement] = [(_SQL["advance"], values)]
    if transition.approval is not None:
        statements.append(_request_approval(transition.approval))
    if messages := put_statement(before.tenant_id, before.investigation_id, list(transition.messages)):
        statements.append(messages)
    if stored.state in FINAL or stored.classification != before.classification:
        statements.append(record_verdict(stored, decided=stored.state in FINAL))
    if not before.classification and stored.classification and (seen := sighted(before.tenant_id, stored.techniques)):
        statements.append(seen)
    return statements


def _load_statement(tenant_id: str, investigation_id: str) -> Statement:
    return _SQL["load"], {"tenant_id": tenant_id, "investigation_id": investigation_id}


def _loaded(result: Result, investigation_id: str) -> GraphState:
    if not result.rows:
        raise NotFound(f"investigation {investigation_id} does not exist for this tenant")
    return GraphState.from_stored(result.rows[0]["graph_state"], where=f"investigation_state {investigation_id}")


def _load_statements(tenant_id: str, investigation_id: str, steps: Sequence[str]) -> list[Statement]:
    load = _load_statement(tenant_id, investigation_id)
    return [load, _findings_statement(tenant_id, investigation_id, steps)] if steps else [load]


def _with_findings(results: Sequence[Result], investigation_id: str) -> tuple[GraphState, Findings]:
    loaded, *found = results
    state = _loaded(loaded, investigation_id)
    return state, _findings(found[0], state.round) if found else {}


def _findings_statement(tenant_id: str, investigation_id: str, steps: Sequence[str]) -> Statement:
    return _SQL["findings"], {"tenant_id": tenant_id, "investigation_id": investigation_id, "steps": list(steps)}


def _findings(result: Result, round_: int) -> Findings:
    return {(row["step"], row["attempt"]): row["finding"] for row in result.rows if row["round"] == round_}


def alert_of(state: GraphState) -> Query[NormalizedAlert]:
    """See InvestigationRepository.alert."""
    values = {"tenant_id": state.tenant_id, "investigation_id": state.investigation_id}
    return Query(_SQL["alert"], values, lambda rows: _alert(rows, state.investigation_id))


def _alert(rows: Sequence[dict[str, Any]], investigation_id: str) -> NormalizedAlert:
    if not rows:
        raise NotFound(f"investigation {investigation_id} does not exist for this tenant")
    return NormalizedAlert.from_stored(rows[0]["alert"], where=f"alert of investigation_state {investigation_id}")


async def _amend(connection: Connection, state: GraphState, update: NormalizedAlert) -> None:
    """Keep what a later message says; the same message again changes nothing."""
    cursor = await connection.execute(
        _SQL["lock_alert"], {"tenant_id": state.tenant_id, "investigation_id": state.investigation_id}
    )
    stored = _alert(await cursor.fetchall(), state.investigation_id)
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


def _request_approval(approval: Approval) -> Statement:
    values = approval.model_dump(mode="json")
    return _SQL["request_approval"], {**values, **{name: _json(values[name]) for name in ("actions", "protected")}}


def _json(value: Any) -> Jsonb:
    return Jsonb(value, dumps=storable_json)
