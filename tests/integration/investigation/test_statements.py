"""What one case costs in PostgreSQL: a step is one read, its computation, and one transaction (design §4)."""

import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

import psycopg
import pytest

from shared.bus.outbox import Outbox
from shared.contracts.action import Action, actions_hash
from shared.contracts.approval import ApprovalDecision
from shared.contracts.entity import AlertEntities
from shared.contracts.investigation import GraphState
from shared.contracts.tenant import EVERY_TENANT
from shared.investigation.flow import PARALLEL, Step
from shared.investigation.graph import InvestigationGraph
from shared.investigation.steps.step_context import StepContext
from shared.investigation.steps.verdict import reasoning_job
from shared.knowledge.fp_patterns import FPPatterns
from shared.stores.postgres import BEGIN, COMMIT, Connection, Postgres, Result, Statement
from tests.integration.investigation.conftest import ScriptedGateway, approved_pattern, host, verdict
from tests.integration.investigation.test_graph import alert

ISOLATE = [Action(action="isolate_host", target="ws-17", risk="high")]
# A transaction's own set_config counts as a statement; BEGIN and COMMIT travel with others.
APPROVED, KNOWN_PATTERN = {"transactions": 21, "statements": 90}, {"transactions": 6, "statements": 30}


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """What happened since the test began: transactions, statements, and how often states were read and written."""
    counts: Counter[str] = Counter()
    shared: ContextVar[bool] = ContextVar("shared", default=False)
    begin, execute, end = Postgres._connection, psycopg.AsyncCursor.execute, psycopg.AsyncPipeline.__aexit__
    together = Connection.together

    @asynccontextmanager
    async def counted_begin(
        self: Postgres, tenant_id: str, *first: Statement, whole: bool = False
    ) -> AsyncIterator[tuple[Connection, list[Result]]]:
        if tenant_id == EVERY_TENANT:  # a relay of an earlier test
            shared.set(True)
        counts["transactions"] += not shared.get()
        async with begin(self, tenant_id, *first, whole=whole) as begun:
            yield begun
            ended = begun[0].info.transaction_status is psycopg.pq.TransactionStatus.IDLE
            counts["round trips"] += not shared.get() and not ended  # its COMMIT

    async def counted_execute(self: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        if shared.get() or not str(query):  # nothing is the pool's check of an idle connection
            return await execute(self, query, *arguments, **options)
        counts["statements"] += 1
        counts["round trips"] += self.connection.pgconn.pipeline_status == psycopg.pq.PipelineStatus.OFF
        counts[" ".join(str(query).split())[:60]] += 1
        return await execute(self, query, *arguments, **options)

    async def counted_together(self: Connection, statements: Sequence[Statement]) -> list[Result]:
        if not shared.get():
            counts["round trips"] += 1
            for text, _ in (each for each in statements if each not in (BEGIN, COMMIT)):
                counts["statements"] += 1
                counts[" ".join(text.split())[:60]] += 1
        return await together(self, statements)

    async def counted_end(self: psycopg.AsyncPipeline, *error: Any) -> None:
        counts["round trips"] += not shared.get() and self.level == 1
        await end(self, *error)

    monkeypatch.setattr(Outbox, "notify", lambda self: None)
    monkeypatch.setattr(Postgres, "_connection", counted_begin)
    monkeypatch.setattr(psycopg.AsyncCursor, "execute", counted_execute)
    monkeypatch.setattr(psycopg.AsyncPipeline, "__aexit__", counted_end)
    monkeypatch.setattr(Connection, "together", counted_together)
    _count_states(counts, monkeypatch)
    return counts


def _count_states(counts: Counter[str], monkeypatch: pytest.MonkeyPatch) -> None:
    read, written, entities_read = GraphState.from_stored, GraphState.model_dump, AlertEntities.from_stored

    def counted_read(row: Any, **options: Any) -> GraphState:
        counts["states read"] += "alert_id" in row  # a finding holds the changed fields only
        return read(row, **options)

    def counted_dump(self: GraphState, **options: Any) -> dict[str, Any]:
        counts["states written"] += "include" not in options
        return written(self, **options)

    def counted_entities(row: Any, **options: Any) -> AlertEntities:
        counts["entities read"] += 1
        return entities_read(row, **options)

    monkeypatch.setattr(GraphState, "from_stored", counted_read)
    monkeypatch.setattr(GraphState, "model_dump", counted_dump)
    monkeypatch.setattr(AlertEntities, "from_stored", counted_entities)


def report(counts: Counter[str], capsys: pytest.CaptureFixture[str]) -> None:
    line = (
        f"{counts['transactions']} transactions, {counts['statements']} statements, "
        f"{counts['round trips']} round trips, "
        f"{counts['states read']} states read, {counts['states written']} written, "
        f"entities read {counts['entities read']} times"
    )
    with capsys.disabled():
        sys.stdout.write(f"\n    {line}\n")


def within(counts: Counter[str], limits: dict[str, int]) -> bool:
    return all(counts[name] <= limit for name, limit in limits.items())


async def test_approved_case_costs_few_transactions_and_statements(
    graph: InvestigationGraph,
    context: StepContext,
    gateway: ScriptedGateway,
    tenant: str,
    counted: Counter[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The steps in the order of the flow, as the durable host makes them, the model's answer and the person's.

    Not counted: the relay, whose work many cases share, and the gateway's own three for each call to a model.
    """
    gateway.verdicts = [verdict("true_positive", 0.95, ("isolate_host", "ws-17"), severity="high")]
    opened = await graph.open(alert(tenant))
    investigation = opened.investigation_id
    for step in (Step.EXTRACT_IOCS, Step.CHECK_FALSE_POSITIVE, *PARALLEL, Step.ASK_MODEL):
        await graph.perform(tenant, investigation, step)
    await graph.answer(reasoning_job(opened, 1))
    waiting = await graph.perform(tenant, investigation, Step.JUDGE)
    decision = ApprovalDecision(approved=True, actions_hash=actions_hash(ISOLATE))
    await context.approvals.decide(tenant, waiting.approval_id, decision, decided_by="senior", permissions=[])
    await graph.perform(tenant, investigation, Step.RESOLVE_APPROVAL)
    closed = await graph.perform(tenant, investigation, Step.RESPOND)
    report(counted, capsys)
    assert closed.state == "closed"
    assert within(counted, APPROVED), counted.most_common(40)


async def test_known_pattern_costs_few_transactions_and_statements(
    graph: InvestigationGraph,
    store: Postgres,
    tenant: str,
    counted: Counter[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    await FPPatterns(store).store(approved_pattern(tenant))
    counted.clear()
    opened = await graph.open(alert(tenant, title="Port scan", parsed_entities=host("scanner-3"), severity="low"))
    await graph.perform(tenant, opened.investigation_id, Step.EXTRACT_IOCS)
    closed = await graph.perform(tenant, opened.investigation_id, Step.CHECK_FALSE_POSITIVE)
    report(counted, capsys)
    assert closed.state == "closed"
    assert within(counted, KNOWN_PATTERN), counted.most_common(40)
