"""Entities that come after the case was opened, and other later messages about an alert: they update, never fork."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import pytest

from shared.bus.producer import MemoryProducer
from shared.bus.received import Received
from shared.contracts.alert import ENTITIES_MISSING, EVIDENCE_ONLY, NormalizedAlert
from shared.contracts.approval import ApprovalDecision
from shared.contracts.audit import AuditEvent
from shared.contracts.disposition import DispositionRequest
from shared.contracts.investigation import GraphState
from shared.contracts.llm_job import LLMJob
from shared.errors import Conflict
from shared.investigation.agents.agent import Agent
from shared.investigation.case_file import CaseFiles
from shared.investigation.dispositions import Dispositions
from shared.investigation.flow import Step
from shared.investigation.graph import InvestigationGraph
from shared.investigation.intake import InvestigationIntake
from shared.investigation.steps.step_context import StepContext
from shared.investigation.steps.verdict import reasoning_job
from shared.stores.postgres import Postgres
from tests.integration.investigation.conftest import ScriptedGateway, host, verdict

UNSURE = verdict("requires_investigation", 0.7, ("isolate_host", "ws-17"))
EXPECTED = DispositionRequest(disposition="benign_true_positive", reason="expected_activity")
ISOLATE = verdict("true_positive", 0.95, ("isolate_host", "ws-17"), severity="high")


def bare(tenant: str) -> NormalizedAlert:
    """The alert as Sentinel sends it first."""
    return NormalizedAlert.model_validate(
        {
            "alert_id": "alert-1",
            "source": "sentinel",
            "timestamp": "2026-11-20T08:00:00Z",
            "title": "LSASS memory read",
            "severity": "medium",
            "tenant_id": tenant,
            "techniques": ["T1003.001"],
            "flags": [ENTITIES_MISSING],
            "parsed_entities": {},
        }
    )


def full(tenant: str, **fields: Any) -> NormalizedAlert:
    """The same alert some minutes later."""
    changes = {"flags": [], "timestamp": "2026-11-20T08:04:00Z", "severity": "high", "parsed_entities": host("ws-17")}
    return NormalizedAlert.model_validate(bare(tenant).model_dump() | changes | fields)


async def count(store: Postgres, tenant: str, table: str) -> int:
    async with store.transaction(tenant) as connection:
        cursor = await connection.execute(f"SELECT count(*) AS n FROM {table} WHERE tenant_id = %s".encode(), (tenant,))
        row = await cursor.fetchone()
    assert row is not None
    return int(row["n"])


async def opened(graph: InvestigationGraph, alert: NormalizedAlert) -> GraphState:
    return await graph._drive(await graph.open(alert))


async def test_case_that_waits_for_a_person_begins_anew_with_late_entities(
    graph: InvestigationGraph,
    context: StepContext,
    store: Postgres,
    gateway: ScriptedGateway,
    bus: MemoryProducer,
    tenant: str,
) -> None:
    gateway.verdicts = [UNSURE, ISOLATE]
    waiting = await opened(graph, bare(tenant))
    assert (waiting.state, waiting.round) == ("awaiting_human", 1)
    intake = InvestigationIntake(bus, graph)
    message = Received(topic="alerts.normalized", value=full(tenant).to_json())
    late = await intake.open(message)
    assert late is not None
    assert late.must_look_again
    again = await graph._drive(late.state)
    assert (again.state, again.round, again.classification) == ("awaiting_human", 2, "true_positive")
    assert again.entities["hosts"][0]["primary_value"] == "ws-17"
    assert again.alert_severity == "high"
    assert again.llm_calls == waiting.llm_calls + 2
    assert any("entities came after" in line.reasoning for line in again.decision_chain)
    first, second = waiting.case_facts.approval_id, again.case_facts.approval_id
    assert (await context.approvals.resolve(tenant, first)).status == "superseded"
    assert (await context.approvals.resolve(tenant, second)).status == "pending"
    assert await count(store, tenant, "investigation_state") == 1
    assert await count(store, tenant, "action_approvals") == 2


async def test_void_approval_cannot_be_granted(
    graph: InvestigationGraph, context: StepContext, gateway: ScriptedGateway, tenant: str
) -> None:
    gateway.verdicts = [UNSURE, ISOLATE]
    waiting = await opened(graph, bare(tenant))
    asked = await context.approvals.resolve(tenant, waiting.case_facts.approval_id)
    await opened(graph, full(tenant))
    with pytest.raises(Conflict, match="superseded"):
        answer = ApprovalDecision(approved=True, actions_hash=asked.actions_hash)
        await context.approvals.decide(tenant, asked.approval_id, answer, decided_by="p", permissions=[])


async def test_decision_of_a_person_stands_when_entities_come_at_the_same_time(
    graph: InvestigationGraph, dispositions: Dispositions, gateway: ScriptedGateway, tenant: str
) -> None:
    gateway.verdicts = [UNSURE]
    waiting = await opened(graph, bare(tenant))
    await graph.open(full(tenant))
    await dispositions.record(tenant, waiting.investigation_id, EXPECTED, decided_by="p", permissions=[])
    closed = await graph._drive(waiting)
    assert (closed.state, closed.outcome, closed.round) == ("closed", "disposed", 1)


@pytest.mark.parametrize("made", range(4))
async def test_case_at_work_finds_late_entities_at_its_next_step(
    graph: InvestigationGraph, gateway: ScriptedGateway, tenant: str, made: int
) -> None:
    gateway.verdicts = [ISOLATE, ISOLATE]
    state = await graph.open(bare(tenant))
    for step in (Step.EXTRACT_IOCS, Step.CHECK_FALSE_POSITIVE, Step.ENRICH_CONTEXT)[:made]:
        await graph.perform(tenant, state.investigation_id, step)
    await graph.open(full(tenant))
    done = await graph._drive(state)
    assert (done.state, done.round) == ("awaiting_human", 2)
    assert done.entities["hosts"][0]["primary_value"] == "ws-17"


async def test_answer_to_the_first_round_is_not_asked_for_in_the_second(
    graph: InvestigationGraph, context: StepContext, gateway: ScriptedGateway, bus: MemoryProducer, tenant: str
) -> None:
    state = await graph.open(bare(tenant))
    for step in (Step.EXTRACT_IOCS, Step.CHECK_FALSE_POSITIVE, Step.ENRICH_CONTEXT, Step.ASK_MODEL):
        await graph.perform(tenant, state.investigation_id, step)
    await context.outbox.settled()
    (job,) = [LLMJob.from_json(message.value) for message in bus.on("jobs.llm.priority.normal")]
    await graph.open(full(tenant))
    for step in (Step.JUDGE, Step.EXTRACT_IOCS, Step.CHECK_FALSE_POSITIVE, Step.ENRICH_CONTEXT, Step.ASK_MODEL):
        progress = await graph.perform(tenant, state.investigation_id, step)
    assert (progress.state, progress.round) == ("reasoning", 2)
    asked = len(gateway.requests)
    await graph.answer(job)
    assert len(gateway.requests) == asked
    await context.outbox.settled()
    (second,) = [LLMJob.from_json(message.value) for message in bus.on("jobs.llm.priority.high")]
    assert (job.event_name, second.event_name) == ("llm_result_1", "llm_result_2_1")


async def test_late_entities_rebind_once_and_later_ones_are_kept_with_the_alert(
    graph: InvestigationGraph, context: StepContext, store: Postgres, gateway: ScriptedGateway, tenant: str
) -> None:
    gateway.verdicts = [UNSURE, ISOLATE]
    await opened(graph, bare(tenant))
    await opened(graph, full(tenant))
    again = await opened(graph, full(tenant, parsed_entities=host("ws-18")))
    assert again.round == 2
    assert [entity["primary_value"] for entity in again.entities["hosts"]] == ["ws-17"]
    alert = await context.repository.alert(again)
    assert [entity.primary_value for entity in alert.parsed_entities.hosts] == ["ws-17", "ws-18"]
    assert await count(store, tenant, "alert_updates") == 2


async def test_repeated_messages_leave_one_update_and_one_audit_event(
    graph: InvestigationGraph, context: StepContext, store: Postgres, bus: MemoryProducer, tenant: str
) -> None:
    await graph.open(bare(tenant))
    update = full(tenant, raw_payload={"Status": "New"})
    await asyncio.gather(*(graph.open(update) for _ in range(5)))
    assert await count(store, tenant, "alert_updates") == 1
    await context.outbox.settled()
    await context.outbox.sweep()
    events = [AuditEvent.from_json(message.value) for message in bus.on("audit.events")]
    own = [event for event in events if event.tenant_id == tenant]
    assert [event.event_type for event in own] == ["incident.opened", "investigation.enriched"]
    assert "parsed_entities" in own[1].context["alert_update"]


async def test_closed_case_keeps_what_came_later_and_stays_closed(
    graph: InvestigationGraph,
    context: StepContext,
    dispositions: Dispositions,
    gateway: ScriptedGateway,
    tenant: str,
) -> None:
    gateway.verdicts = [UNSURE]
    waiting = await opened(graph, bare(tenant))
    await dispositions.record(tenant, waiting.investigation_id, EXPECTED, decided_by="p", permissions=[])
    closed = await graph._drive(waiting)
    after = await opened(graph, full(tenant))
    assert (after.state, after.version) == ("closed", closed.version)
    assert [host.primary_value for host in (await context.repository.alert(after)).parsed_entities.hosts] == ["ws-17"]


async def test_alerts_whose_entities_are_still_to_come_are_listed_for_their_tenant_only(
    graph: InvestigationGraph, context: StepContext, tenant: str
) -> None:
    await graph.open(bare(tenant))
    assert await context.repository.without_entities(tenant) == ["alert-1"]
    assert await context.repository.without_entities("another") == []
    await graph.open(bare(tenant).model_copy(update={"alert_id": "alert-2"}))
    assert await context.repository.without_entities(tenant) == ["alert-2", "alert-1"]
    await graph.open(full(tenant))
    assert await context.repository.without_entities(tenant) == ["alert-2"]


@dataclass
class Interrupted:
    """A responder during whose work the entities come."""

    graph: InvestigationGraph
    responder: Agent
    update: NormalizedAlert

    async def execute(self, state: GraphState) -> GraphState:
        await self.graph.open(self.update)
        return await self.responder.execute(state)


async def test_entities_that_come_while_a_case_is_judged_do_not_wait_with_it_for_a_person(
    graph: InvestigationGraph, context: StepContext, gateway: ScriptedGateway, tenant: str
) -> None:
    gateway.verdicts = [UNSURE]
    state = await graph.open(bare(tenant))
    for step in (Step.EXTRACT_IOCS, Step.CHECK_FALSE_POSITIVE, Step.ENRICH_CONTEXT, Step.ASK_MODEL):
        await graph.perform(tenant, state.investigation_id, step)
    await graph.answer(reasoning_job(await context.repository.load(tenant, state.investigation_id), 1))
    interrupted = replace(context, responder=Interrupted(graph, context.responder, full(tenant)))
    progress = await InvestigationGraph(interrupted).perform(tenant, state.investigation_id, Step.JUDGE)
    assert (progress.state, progress.round) == ("received", 2)
    again = await context.repository.load(tenant, state.investigation_id)
    assert "is void" in again.decision_chain[-1].reasoning


async def test_title_that_comes_later_is_the_cases(graph: InvestigationGraph, store: Postgres, tenant: str) -> None:
    evidence = {"flags": [EVIDENCE_ONLY, "title_missing"], "title": ""}
    state = await graph.open(NormalizedAlert.model_validate(bare(tenant).model_dump() | evidence))
    await graph.open(full(tenant))
    assert (await CaseFiles(store).read(tenant, state.investigation_id)).alert_title == "LSASS memory read"
