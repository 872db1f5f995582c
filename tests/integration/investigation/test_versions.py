"""Two versions of the product run together during a rollout: neither may fail a case over the other's rows (design §4).

`rows/` holds what a released version stored; a name that this version does not know stands for the next one.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from shared.bus.producer import MemoryProducer
from shared.bus.received import Received
from shared.contracts.approval import ApprovalDecision
from shared.contracts.llm_job import LLMJob
from shared.contracts.tenant import EVERY_TENANT
from shared.errors import StoredByAnotherVersion
from shared.investigation.flow import PARALLEL, Step
from shared.investigation.graph import InvestigationGraph
from shared.investigation.intake import LLMJobs
from shared.investigation.steps.step_context import StepContext
from shared.knowledge.fp_patterns import FPPatterns
from shared.routing.degradation import QUEUE_CONCURRENCY
from shared.stores.postgres import Postgres
from tests.conftest import Database
from tests.integration.investigation.conftest import ScriptedGateway, approved_pattern, host, verdict
from tests.integration.investigation.test_graph import alert, drive

ROWS = Path(__file__).parent / "rows"
ISOLATE = verdict("true_positive", 0.95, ("isolate_host", "ws-17"), severity="high")
QUEUE = "jobs.llm.priority.high"

Rewrite = Callable[[str, str, str, str, Any], None]


@pytest.fixture
def rewrite(own_database: Database) -> Rewrite:
    """Rewrites one JSON value of a row, as another version would have stored it."""

    def change(table: str, identity: str, column: str, path: str, value: Any) -> None:
        key = "approval_id" if table == "action_approvals" else "investigation_id"
        with psycopg.connect(own_database.owner_url) as owner:
            changed = owner.execute(
                f"UPDATE {table} SET {column} = jsonb_set({column}, %s, %s) WHERE {key} = %s".encode(),
                (path, Jsonb(value), identity),
            )
            assert changed.rowcount == 1

    return change


async def test_approval_with_an_action_of_a_newer_version_waits_and_fails_no_case(
    graph: InvestigationGraph, gateway: ScriptedGateway, context: StepContext, tenant: str, rewrite: Rewrite
) -> None:
    gateway.verdicts = [ISOLATE]
    waiting = await drive(graph, await graph.open(alert(tenant)))
    approval_id = waiting.case_facts.approval_id
    rewrite("action_approvals", approval_id, "actions", "{0,action}", "quarantine_fleet")
    with pytest.raises(StoredByAnotherVersion, match=rf"action_approvals {approval_id} .*quarantine_fleet"):
        await graph.perform(tenant, waiting.investigation_id, Step.RESOLVE_APPROVAL)
    rewrite("action_approvals", approval_id, "actions", "{0,action}", "isolate_host")
    progress = await graph.perform(tenant, waiting.investigation_id, Step.RESOLVE_APPROVAL)
    assert progress.state == "awaiting_human"


@pytest.mark.parametrize(
    ("path", "value"),
    [("{degradation_level}", "half_capability"), ("{state}", "triaging"), ("{recommended_actions}", [{"action": "x"}])],
)
async def test_question_about_a_case_of_a_newer_version_is_delivered_again_and_no_dead_letter(
    graph: InvestigationGraph,
    context: StepContext,
    bus: MemoryProducer,
    tenant: str,
    rewrite: Rewrite,
    path: str,
    value: Any,
) -> None:
    opened = await graph.open(alert(tenant))
    for step in (Step.EXTRACT_IOCS, Step.CHECK_FALSE_POSITIVE, *PARALLEL, Step.ASK_MODEL):
        await graph.perform(tenant, opened.investigation_id, step)
    await context.outbox.settled()
    (message,) = bus.on(QUEUE)
    rewrite("investigation_state", opened.investigation_id, "graph_state", path, value)
    jobs = LLMJobs(bus, graph, concurrency=QUEUE_CONCURRENCY)
    with pytest.raises(StoredByAnotherVersion, match="Finish the rollout"):
        await jobs.answer(Received(QUEUE, message.value))
    assert not [found for found in bus.messages if found.topic.endswith(".dlq")]
    assert LLMJob.from_json(message.value).investigation_id == opened.investigation_id


async def test_fields_that_a_newer_version_added_stay_in_the_case_until_it_waits_for_a_person(
    graph: InvestigationGraph,
    store: Postgres,
    gateway: ScriptedGateway,
    tenant: str,
    rewrite: Rewrite,
    own_database: Database,
) -> None:
    gateway.verdicts = [ISOLATE]
    opened = await graph.open(alert(tenant))
    identity = opened.investigation_id
    rewrite("investigation_state", identity, "graph_state", "{mood}", "new")
    rewrite("investigation_state", identity, "graph_state", "{case_facts,mood}", "new")
    rewrite("investigation_state", identity, "alert", "{mood}", "new")
    rewrite("investigation_state", identity, "alert", "{parsed_entities,hosts,0,mood}", "new")
    await graph.perform(tenant, identity, Step.EXTRACT_IOCS)
    rewrite("investigation_state", identity, "graph_state", "{decision_chain,0,mood}", "new")
    await graph.perform(tenant, identity, Step.CHECK_FALSE_POSITIVE)
    for step in PARALLEL:
        await graph.perform(tenant, identity, step)
    with psycopg.connect(own_database.owner_url) as owner:
        owner.execute(
            """UPDATE investigation_findings SET finding = finding || '{"tone": "new", "case_facts": {"tone": "new"}}'
            WHERE investigation_id = %s AND step = %s""",
            (identity, PARALLEL[0]),
        )
    await graph.open(alert(tenant, title="LSASS memory read again"))  # amends the alert
    assert (await drive(graph, opened)).state == "awaiting_human"
    async with store.transaction(tenant) as connection:
        cursor = await connection.execute(
            "SELECT graph_state, alert FROM investigation_state WHERE investigation_id = %s", (identity,)
        )
        row = await cursor.fetchone()
    assert row is not None
    state, stored_alert = row["graph_state"], row["alert"]
    assert stored_alert["title"] == "LSASS memory read again"
    assert [state["mood"], state["decision_chain"][0]["mood"], stored_alert["mood"], state["tone"]] == ["new"] * 4
    assert state["case_facts"] | {"mood": "new", "tone": "new"} == state["case_facts"]


async def test_pattern_that_cannot_be_read_closes_nothing_and_stops_nobody(
    store: Postgres, tenant: str, own_database: Database, graph: InvestigationGraph, gateway: ScriptedGateway
) -> None:
    pattern = approved_pattern(tenant)
    await FPPatterns(store).store(pattern)
    with psycopg.connect(own_database.owner_url) as owner:
        owner.execute(
            "UPDATE fp_patterns SET pattern = jsonb_set(pattern, '{status}', '\"paused\"') WHERE pattern_id = %s",
            (pattern.pattern_id,),
        )
    gateway.verdicts = [verdict("true_positive", 0.9, ("isolate_host", "scanner-3"))]
    assert (await graph.run("alert-1", tenant, host("scanner-3"), "Port scan", "low")).state == "awaiting_human"


@pytest.mark.parametrize("text", [pytest.param(path.read_text(), id=path.stem) for path in sorted(ROWS.glob("*.json"))])
async def test_case_that_a_released_version_left_waiting_goes_on(
    graph: InvestigationGraph, context: StepContext, store: Postgres, tenant: str, text: str
) -> None:
    text = text.replace("TENANT", tenant)
    investigation, approval_id = str(uuid4()), str(uuid4())
    rows = json.loads(text.replace("INVESTIGATION", investigation).replace("APPROVAL", approval_id))
    rows["action_approvals"][0]["expires_at"] = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    async with store.transaction(EVERY_TENANT) as connection:
        for table, found in rows.items():
            for row in found:
                columns = ", ".join(row)  # the others are later releases' and have their defaults
                await connection.execute(
                    f"INSERT INTO {table} ({columns}) SELECT {columns}"
                    f" FROM jsonb_populate_record(NULL::{table}, %s)".encode(),
                    (Jsonb(row),),
                )
    approval = await context.approvals.resolve(tenant, approval_id)
    decision = ApprovalDecision(approved=True, actions_hash=approval.actions_hash)
    await context.approvals.decide(tenant, approval_id, decision, decided_by="senior", permissions=[])
    closed = await drive(graph, await context.repository.load(tenant, investigation))
    assert (closed.state, closed.outcome) == ("closed", "approved")
