"""The graph on real PostgreSQL, Redis and the Qdrant engine; only the model's words are the test's."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from secrets import token_hex
from typing import Any

import pytest

from shared.bus.producer import MemoryProducer
from shared.contracts.alert import NormalizedAlert
from shared.contracts.approval import ApprovalDecision
from shared.contracts.audit import AuditEvent
from shared.contracts.gateway import GatewayRequest, GatewayResponse
from shared.contracts.investigation import GraphState, InvestigationState
from shared.errors import Conflict, ModelUnavailable, NotFound
from shared.investigation.approval_watch import ApprovalWatch
from shared.investigation.flow import Step
from shared.investigation.graph import InvestigationGraph
from shared.investigation.steps.step_context import StepContext
from shared.knowledge.fp_patterns import FPPatterns
from shared.notifications.queue import Notifications
from shared.stores.postgres import Postgres
from tests.integration.investigation.conftest import ScriptedGateway, approved_pattern, host, verdict


def alert(tenant: str, **fields: Any) -> NormalizedAlert:
    return NormalizedAlert.model_validate(
        {
            "alert_id": "alert-1",
            "source": "sentinel",
            "timestamp": "2026-11-20T08:00:00Z",
            "title": "LSASS memory read",
            "severity": "high",
            "tenant_id": tenant,
            "techniques": ["T1003.001"],
            "parsed_entities": host("ws-17"),
        }
        | fields
    )


async def drive(graph: InvestigationGraph, opened: GraphState) -> GraphState:
    return await graph._drive(opened)


SCAN_BY_OUR_SCANNER = {
    "title": "Port scan",
    "severity": "low",
    "product": "Scanner",
    "techniques": ["T1595"],
    "tactics": ["reconnaissance"],
}


async def transitions(store: Postgres, state: GraphState) -> list[tuple[str, str]]:
    async with store.transaction(state.tenant_id) as connection:
        cursor = await connection.execute(
            "SELECT state_before, state_after FROM investigation_transitions"
            " WHERE investigation_id = %s ORDER BY version",
            (state.investigation_id,),
        )
        return [(row["state_before"], row["state_after"]) for row in await cursor.fetchall()]


def event_types(bus: MemoryProducer) -> list[str]:
    return [AuditEvent.from_json(message.value).event_type for message in bus.on("audit.events")]


async def test_run_closes_known_false_positive_without_a_model_call(
    graph: InvestigationGraph, store: Postgres, gateway: ScriptedGateway, bus: MemoryProducer, tenant: str
) -> None:
    pattern = approved_pattern(tenant)
    await FPPatterns(store).store(pattern)
    state = await graph.run("alert-1", tenant, host("scanner-3"), "Port scan", "low")
    assert (state.state, state.classification, state.outcome) == ("closed", "false_positive", "auto_closed")
    assert state.llm_calls == 0
    assert gateway.requests == []
    assert await transitions(store, state) == [("received", "parsing"), ("parsing", "closed")]
    assert {"alert.short_circuited", "alert.auto_closed"} <= set(event_types(bus))


@pytest.mark.parametrize("switch", [("tenant", None), ("pattern", "pattern_id"), ("datasource", "direct")])
async def test_run_asks_the_model_when_a_kill_switch_covers_the_pattern(
    graph: InvestigationGraph, store: Postgres, gateway: ScriptedGateway, tenant: str, switch: tuple[str, str | None]
) -> None:
    pattern = approved_pattern(tenant)
    await FPPatterns(store).store(pattern)
    dimension, value = switch
    covered = {None: tenant, "pattern_id": pattern.pattern_id}.get(value, value)
    async with store.transaction(tenant) as connection:
        await connection.execute(
            "INSERT INTO kill_switches (tenant_id, dimension, value, activated_by, reason)"
            " VALUES (%s, %s, %s, 'a', 'b')",
            (tenant, dimension, covered),
        )
    gateway.verdicts = [verdict("false_positive", 0.99)]
    state = await graph.run("alert-1", tenant, host("scanner-3"), "Port scan", "low")
    assert state.state is InvestigationState.AWAITING_HUMAN
    assert state.llm_calls == 2


async def test_run_never_applies_another_tenants_pattern(
    graph: InvestigationGraph, store: Postgres, gateway: ScriptedGateway, tenant: str
) -> None:
    await FPPatterns(store).store(approved_pattern(f"{tenant}-other"))
    gateway.verdicts = [verdict("true_positive", 0.9, ("isolate_host", "scanner-3"))]
    state = await graph.run("alert-1", tenant, host("scanner-3"), "Port scan", "low")
    assert state.state is InvestigationState.AWAITING_HUMAN


async def test_harmless_response_by_allowlisted_playbook_closes(
    graph: InvestigationGraph, gateway: ScriptedGateway, bus: MemoryProducer, tenant: str
) -> None:
    gateway.verdicts = [verdict("true_positive", 0.8, ("add_comment", "whatever"))]
    opened = await graph.open(alert(tenant, **SCAN_BY_OUR_SCANNER))
    state = await drive(graph, opened)
    assert (state.state, state.outcome) == ("closed", "responded")
    (pending,) = bus.on("actions.pending")
    assert b'"target":"alert-1"' in pending.value
    assert len(bus.on("knowledge.incident.stored")) == 1


async def test_destructive_action_waits_and_runs_only_after_approval(
    graph: InvestigationGraph,
    context: StepContext,
    store: Postgres,
    gateway: ScriptedGateway,
    bus: MemoryProducer,
    tenant: str,
) -> None:
    gateway.verdicts = [verdict("true_positive", 0.95, ("isolate_host", "WS-17"), severity="high")]
    waiting = await drive(graph, await graph.open(alert(tenant)))
    assert waiting.state is InvestigationState.AWAITING_HUMAN
    assert bus.on("actions.pending") == []
    approval = await context.approvals.resolve(tenant, waiting.case_facts.approval_id)
    wrong = ApprovalDecision(approved=True, actions_hash="0" * 64)
    with pytest.raises(Conflict, match="other actions"):
        await context.approvals.decide(tenant, approval.approval_id, wrong, decided_by="s", permissions=[])
    closed = await graph.resume_from_approval(waiting.investigation_id, True, tenant_id=tenant, decided_by="senior")
    assert (closed.state, closed.outcome) == ("closed", "approved")
    assert len(bus.on("actions.pending")) == 1
    assert b'"approved_by":"senior"' in bus.on("actions.pending")[0].value
    assert await transitions(store, closed) == [
        ("received", "parsing"),
        ("parsing", "enriching"),
        ("enriching", "reasoning"),
        ("reasoning", "awaiting_human"),
        ("awaiting_human", "responding"),
        ("responding", "closed"),
    ]
    second = ApprovalDecision(approved=False, actions_hash=approval.actions_hash)
    with pytest.raises(Conflict, match="already granted"):
        await context.approvals.decide(tenant, approval.approval_id, second, decided_by="s", permissions=[])


async def test_rejected_approval_closes_and_executes_nothing(
    graph: InvestigationGraph, gateway: ScriptedGateway, bus: MemoryProducer, tenant: str
) -> None:
    gateway.verdicts = [verdict("true_positive", 0.95, ("isolate_host", "ws-17"))]
    waiting = await drive(graph, await graph.open(alert(tenant)))
    closed = await graph.resume_from_approval(waiting.investigation_id, False, tenant_id=tenant, decided_by="senior")
    assert (closed.state, closed.outcome) == ("closed", "rejected")
    assert bus.on("actions.pending") == []


@pytest.mark.parametrize("limit", [timedelta(hours=4), timedelta(hours=1)], ids=str)
async def test_approval_with_a_quarter_of_its_time_left_is_logged_for_operators(
    context: StepContext,
    store: Postgres,
    gateway: ScriptedGateway,
    tenant: str,
    caplog: pytest.LogCaptureFixture,
    limit: timedelta,
) -> None:
    gateway.verdicts = [verdict("true_positive", 0.95, ("isolate_host", "ws-17"))]
    graph = InvestigationGraph(replace(context, approval_timeout=limit))
    await drive(graph, await graph.open(alert(tenant)))
    for passed in (0.6, 0.25):
        async with store.transaction(tenant) as connection:
            await connection.execute(
                "UPDATE action_approvals SET requested_at = requested_at - %(passed)s,"
                " expires_at = expires_at - %(passed)s WHERE tenant_id = %(tenant)s",
                {"passed": limit * passed, "tenant": tenant},
            )
        await ApprovalWatch(store, context.approvals, Notifications(store, [], None)).report_waiting()
    (record,) = [record for record in caplog.records if getattr(record, "tenant_id", "") == tenant]
    waited = round(limit.total_seconds() * 0.85 / 60)
    assert (record.action, round(record.waited_seconds / 60)) == ("approval.waiting", waited)  # type: ignore[attr-defined]


async def test_expired_approval_closes_as_timed_out_and_takes_no_answer(
    context: StepContext, gateway: ScriptedGateway, bus: MemoryProducer, tenant: str
) -> None:
    graph = InvestigationGraph(replace(context, approval_timeout=timedelta(seconds=-1)))
    gateway.verdicts = [verdict("true_positive", 0.95, ("isolate_host", "ws-17"))]
    opened = await graph.open(alert(tenant))
    closed = await drive(graph, opened)
    assert (closed.state, closed.outcome) == ("closed", "timed_out")
    assert "approval.timed_out" in event_types(bus)
    with pytest.raises(Conflict, match="already timed_out"):
        await graph.resume_from_approval(closed.investigation_id, True, tenant_id=tenant, decided_by="late")


async def test_action_on_a_target_outside_the_alert_is_dropped(
    graph: InvestigationGraph, gateway: ScriptedGateway, tenant: str
) -> None:
    gateway.verdicts = [verdict("true_positive", 0.95, ("isolate_host", "domain-controller-1"))]
    state = await drive(graph, await graph.open(alert(tenant)))
    assert all(action.target != "domain-controller-1" for action in state.recommended_actions)


async def test_unsure_verdict_on_a_high_alert_asks_the_stronger_model_once_and_keeps_the_surer_answer(
    graph: InvestigationGraph, gateway: ScriptedGateway, tenant: str
) -> None:
    gateway.verdicts = [
        verdict("requires_investigation", 0.4),
        verdict("true_positive", 0.9, ("isolate_host", "ws-17")),
    ]
    state = await drive(graph, await graph.open(alert(tenant)))
    assert (state.classification, state.confidence, state.llm_calls) == ("true_positive", 0.9, 3)
    assert state.total_cost_usd == pytest.approx(0.03)


async def test_safety_relevant_alert_is_never_dismissed(
    graph: InvestigationGraph, store: Postgres, gateway: ScriptedGateway, tenant: str
) -> None:
    await FPPatterns(store).store(approved_pattern(tenant))
    gateway.verdicts = [verdict("false_positive", 0.99)]
    plc = alert(
        tenant,
        title="Port scan",
        severity="medium",
        product="Microsoft Defender for IoT",
        parsed_entities=host("scanner-3"),
    )
    state = await drive(graph, await graph.open(plc))
    assert state.state is InvestigationState.AWAITING_HUMAN
    assert state.classification == "requires_investigation"


async def test_model_away_makes_extraction_wait_then_degrade(
    context: StepContext, gateway: ScriptedGateway, tenant: str
) -> None:
    gateway.unavailable = True
    patient = InvestigationGraph(context)
    opened = await patient.open(alert(tenant))
    with pytest.raises(ModelUnavailable):
        await patient.perform(tenant, opened.investigation_id, Step.EXTRACT_IOCS)
    hurried = InvestigationGraph(replace(context, llm_wait=timedelta(0)))
    progress = await hurried.perform(tenant, opened.investigation_id, Step.EXTRACT_IOCS)
    state = await context.repository.load(tenant, opened.investigation_id)
    assert progress.state is InvestigationState.PARSING
    assert state.degradation_level == "deterministic_only"


async def test_every_step_made_twice_at_once_changes_the_state_once(
    graph: InvestigationGraph, store: Postgres, gateway: ScriptedGateway, bus: MemoryProducer, tenant: str
) -> None:
    gateway.verdicts = [verdict("true_positive", 0.95, ("isolate_host", "ws-17"))] * 2
    opened = await graph.open(alert(tenant))
    for step in (Step.EXTRACT_IOCS, Step.CHECK_FALSE_POSITIVE, Step.ENRICH_CONTEXT, Step.CORRELATE_EXPOSURES):
        await asyncio.gather(*(graph.perform(tenant, opened.investigation_id, step) for _ in range(3)))
    await drive(graph, opened)
    assert len(await transitions(store, opened)) == 4
    changed = [kind for kind in event_types(bus) if kind == "investigation.state_changed"]
    assert len(changed) == 4


async def test_open_again_returns_the_same_investigation(graph: InvestigationGraph, tenant: str) -> None:
    first = await graph.open(alert(tenant))
    again = await graph.open(alert(tenant, title="An update with another title"))
    assert again == first


async def test_investigation_of_another_tenant_is_not_found(
    graph: InvestigationGraph, context: StepContext, tenant: str
) -> None:
    opened = await graph.open(alert(tenant))
    with pytest.raises(NotFound):
        await context.repository.load(f"{tenant}-other", opened.investigation_id)


async def test_hostile_text_is_stored(graph: InvestigationGraph, context: StepContext, tenant: str) -> None:
    opened = await graph.open(alert(tenant, title="nul \x00 and more"))
    loaded = await context.repository.load(tenant, opened.investigation_id)
    assert loaded.alert_title == "nul \ufffd and more"


async def test_alert_that_names_an_endless_technique_is_judged(
    graph: InvestigationGraph, gateway: ScriptedGateway, tenant: str
) -> None:
    gateway.verdicts = [verdict("true_positive", 0.9)]
    state = await drive(graph, await graph.open(alert(tenant, techniques=[f"AML.{token_hex(6_000)}"])))
    assert state.state is InvestigationState.AWAITING_HUMAN


async def test_indicator_of_the_model_that_stands_nowhere_in_the_alert_is_dropped_and_counted(
    context: StepContext, tenant: str
) -> None:
    class Inventive(ScriptedGateway):
        async def complete(self, request: GatewayRequest, **_: Any) -> GatewayResponse:
            response = await super().complete(request)
            found = [{"value": value, "confidence": 0.9, "context": "c"} for value in ("ws-17", "203.0.113.9")]
            return response.model_copy(update={"content": json.dumps({"domains": found})})

    graph = InvestigationGraph(replace(context, gateway=Inventive()))
    opened = await graph.open(alert(tenant))
    await graph.perform(tenant, opened.investigation_id, Step.EXTRACT_IOCS)
    state = await context.repository.load(tenant, opened.investigation_id)
    assert [item["value"] for item in state.ioc_matches] == ["ws-17"]
    assert "1 of the model's dropped" in state.decision_chain[0].reasoning
