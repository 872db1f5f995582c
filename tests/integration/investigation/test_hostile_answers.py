"""What a fooled model, a late revocation or a poisoned cache cannot bring about."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from psycopg.types.json import Jsonb

from shared.bus.producer import MemoryProducer
from shared.contracts.approval import ApprovalDecision
from shared.contracts.audit import AuditEvent
from shared.contracts.entity import AlertEntities
from shared.contracts.investigation import GraphState, InvestigationState
from shared.errors import StoreUnavailable
from shared.investigation.flow import Step
from shared.investigation.graph import InvestigationGraph
from shared.investigation.steps.step_context import StepContext
from shared.knowledge.fp_patterns import FPPatterns
from shared.knowledge.indicators import Indicator, Indicators, _key
from shared.stores.postgres import Postgres
from shared.stores.redis import Redis
from tests.integration.investigation.conftest import ScriptedGateway, approved_pattern, host, verdict
from tests.integration.investigation.test_graph import SCAN_BY_OUR_SCANNER, alert, drive

SCAN = {"title": "Port scan", "severity": "medium", "techniques": []}


async def sql(store: Postgres, tenant: str, statement: str, *values: Any) -> None:
    async with store.transaction(tenant) as connection:
        await connection.execute(statement.encode(), values)


async def test_model_can_only_target_what_the_alert_names_of_that_kind_and_in_its_spelling(
    graph: InvestigationGraph, gateway: ScriptedGateway, tenant: str
) -> None:
    proposals = [
        ("isolate_host", "WS-17"),  # another spelling
        ("isolate_host", "jdoe"),  # an account
        ("disable_account", "ws-17"),  # a host
        ("isolate_host", "dc-1"),  # nothing in the alert
        ("block_ip", "ws-17"),  # nothing that the playbook allows
    ]
    gateway.verdicts = [verdict("true_positive", 0.95, *proposals)]
    entities = host("ws-17") | {"accounts": [{"entity_type": "account", "primary_value": "jdoe"}]}
    state = await drive(graph, await graph.open(alert(tenant, parsed_entities=AlertEntities.model_validate(entities))))
    assert [(item.action, item.target) for item in state.recommended_actions] == [("isolate_host", "ws-17")]


async def test_pattern_revoked_after_the_first_look_closes_nothing(
    graph: InvestigationGraph, store: Postgres, tenant: str
) -> None:
    pattern = approved_pattern(tenant)
    await FPPatterns(store).store(pattern)
    opened = await graph.open(alert(tenant, **SCAN, parsed_entities=host("scanner-1")))
    await graph.perform(tenant, opened.investigation_id, Step.EXTRACT_IOCS)
    await sql(store, tenant, "UPDATE fp_patterns SET status = 'revoked' WHERE pattern_id = %s", pattern.pattern_id)
    progress = await graph.perform(tenant, opened.investigation_id, Step.CHECK_FALSE_POSITIVE)
    assert progress.state is InvestigationState.ENRICHING


async def switched_on(store: Postgres, tenant: str) -> None:
    await sql(store, tenant, "INSERT INTO kill_switches VALUES (%s, 'tenant', %s, 'lead', 'drill')", tenant, tenant)


async def test_kill_switch_turned_on_while_the_model_thought_keeps_the_case_open(
    graph: InvestigationGraph, store: Postgres, context: StepContext, gateway: ScriptedGateway, tenant: str
) -> None:
    class Slow(ScriptedGateway):
        async def complete(self, request: Any, **options: Any) -> Any:
            if request.task_type == "investigation":
                await switched_on(store, tenant)
            return await gateway.complete(request, **options)

    await FPPatterns(store).store(approved_pattern(tenant, confidence=0.5))
    gateway.verdicts = [verdict("false_positive", 0.99)]
    slow = InvestigationGraph(replace(context, gateway=Slow()))
    state = await drive(slow, await slow.open(alert(tenant, **SCAN, parsed_entities=host("scanner-1"))))
    assert state.state is InvestigationState.AWAITING_HUMAN
    assert state.case_facts.kill_switches == [f"tenant:{tenant}"]


async def test_benign_verdict_that_a_pattern_confirms_is_audited_as_an_automatic_close(
    graph: InvestigationGraph, store: Postgres, gateway: ScriptedGateway, bus: MemoryProducer, tenant: str
) -> None:
    pattern = approved_pattern(tenant, confidence=0.5)  # too unsure to close before the model was asked
    await FPPatterns(store).store(pattern)
    gateway.verdicts = [verdict("false_positive", 0.99)]
    state = await drive(graph, await graph.open(alert(tenant, **SCAN, parsed_entities=host("scanner-1"))))
    assert (state.state, state.outcome) == (InvestigationState.CLOSED, "auto_closed")
    events = [AuditEvent.from_json(message.value) for message in bus.on("audit.events")]
    (closed,) = (event for event in events if event.event_type == "alert.auto_closed")
    assert (closed.context["pattern_id"], closed.context["closing_rule"]) == (pattern.pattern_id, 7)


async def test_step_that_fails_after_the_model_answered_pays_no_second_call(
    graph: InvestigationGraph, context: StepContext, gateway: ScriptedGateway, tenant: str
) -> None:
    class Away(Indicators):
        async def lookup(self, values: Any) -> dict[str, Indicator]:
            raise StoreUnavailable("PostgreSQL", "gone")

    away = InvestigationGraph(replace(context, indicators=Away.__new__(Away)))
    opened = await graph.open(alert(tenant))
    with pytest.raises(StoreUnavailable):
        await away.perform(tenant, opened.investigation_id, Step.EXTRACT_IOCS)
    await graph.perform(tenant, opened.investigation_id, Step.EXTRACT_IOCS)
    state = await context.repository.load(tenant, opened.investigation_id)
    assert len(gateway.requests) == state.llm_calls == 1


async def test_poisoned_cache_entry_is_no_reputation_and_fails_nothing(store: Postgres, redis_url: str) -> None:
    redis, value = Redis(redis_url), f"{uuid4().hex}.example"
    indicators = Indicators(store, redis)
    indicator = Indicator(type="dns", value=value, confidence=90, severity="high", sources=["feed"])
    await indicators.learn(indicator)
    await redis.set(_key(value), b"{not json", ttl_seconds=60)
    assert await indicators.lookup([value]) == {value: indicator}
    await redis.close()


async def test_approval_does_not_cover_actions_that_changed_afterwards(
    graph: InvestigationGraph,
    store: Postgres,
    context: StepContext,
    gateway: ScriptedGateway,
    bus: MemoryProducer,
    tenant: str,
) -> None:
    gateway.verdicts = [verdict("true_positive", 0.95, ("isolate_host", "ws-17"))]
    waiting = await drive(graph, await graph.open(alert(tenant)))
    asked = await context.approvals.resolve(tenant, waiting.case_facts.approval_id)
    await sql(
        store,
        tenant,
        "UPDATE investigation_state SET graph_state = jsonb_set(graph_state, '{recommended_actions,0,target}', %s)"
        " WHERE investigation_id = %s",
        Jsonb("dc-1"),
        waiting.investigation_id,
    )
    decision = ApprovalDecision(approved=True, actions_hash=asked.actions_hash)
    await context.approvals.decide(tenant, asked.approval_id, decision, decided_by="senior", permissions=[])
    state: GraphState = await drive(graph, waiting)
    assert state.state is InvestigationState.FAILED
    assert bus.on("actions.pending") == []


async def test_invented_quotes_cost_confidence_and_leave_the_case_to_a_person_with_the_reason(
    graph: InvestigationGraph, gateway: ScriptedGateway, tenant: str
) -> None:
    claims = [
        {"claim": "seen", "quote": "many ports were asked for"},
        {"claim": "planned", "quote": "change 4711 allows it"},
        {"claim": "known", "quote": "the owner confirmed it"},
    ]
    answer = verdict("true_positive", 0.95, ("add_comment", "alert-1"))
    gateway.verdicts = [answer | {"why": {"speaks_for": claims, "speaks_against": [], "missing": []}}]
    described = {"description": "Many ports were asked for."}
    state = await drive(graph, await graph.open(alert(tenant, **SCAN_BY_OUR_SCANNER, **described)))
    assert state.case_facts.why is not None
    assert [claim.source for claim in state.case_facts.why.speaks_for] == ["alert.description", "", ""]
    assert state.confidence == pytest.approx(0.65)
    assert state.state is InvestigationState.AWAITING_HUMAN
    assert "invented_quote" in state.decision_chain[-1].reasoning
