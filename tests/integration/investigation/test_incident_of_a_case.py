"""A case knows its incident: it sees the other alerts and verdicts, and asks for nothing that is asked already."""

import asyncio
import json
from typing import Any

from pytest import MonkeyPatch

from shared.bus.producer import MemoryProducer
from shared.contracts.approval import ApprovalDecision
from shared.contracts.audit import AuditEvent
from shared.contracts.investigation import GraphState
from shared.errors import InvalidInput
from shared.investigation.flow import PARALLEL, Step
from shared.investigation.graph import InvestigationGraph
from shared.investigation.steps.step_context import StepContext
from shared.investigation.steps.verdict import reasoning_job
from tests.integration.investigation.conftest import ScriptedGateway, verdict
from tests.integration.investigation.test_graph import alert, drive

ISOLATE = verdict("true_positive", 0.95, ("isolate_host", "ws-17"), severity="high")


async def judged(
    graph: InvestigationGraph, gateway: ScriptedGateway, tenant: str, name: str, answer: Any = ISOLATE, **fields: Any
) -> GraphState:
    """The case of an alert on ws-17, judged as the model answers."""
    gateway.verdicts = [answer]
    return await drive(graph, await graph.open(alert(tenant, alert_id=name, **fields)))


def shown(gateway: ScriptedGateway) -> dict[str, Any]:
    """What the model was shown last beside the alert."""
    found: dict[str, Any] = json.loads(gateway.requests[-1].user_content)["context"]
    return found


async def decide(context: StepContext, state: GraphState, *, approved: bool) -> None:
    approval = await context.approvals.resolve(state.tenant_id, state.case_facts.approval_id)
    decision = ApprovalDecision(approved=approved, actions_hash=approval.actions_hash)
    await context.approvals.decide(state.tenant_id, approval.approval_id, decision, decided_by="senior", permissions=[])


async def test_model_sees_the_other_alerts_of_the_incident_and_why_they_are_there(
    graph: InvestigationGraph, gateway: ScriptedGateway, tenant: str
) -> None:
    first = await judged(graph, gateway, tenant, "a-1", title="Encoded PowerShell")
    assert "incident" not in shown(gateway)
    second = await judged(graph, gateway, tenant, "a-2")
    assert second.case_facts.incident_id == first.case_facts.incident_id != ""
    incident = shown(gateway)["incident"]
    (other,) = incident["alerts"]
    assert (other["alert_id"], other["title"], other["classification"]) == (
        "a-1",
        "Encoded PowerShell",
        "true_positive",
    )
    assert other["why"] == "the first alert of its incident"
    assert incident["note"] == "other alerts of the incident: 1, decided: none"


async def test_new_alert_of_a_decided_incident_says_so(
    graph: InvestigationGraph, context: StepContext, gateway: ScriptedGateway, tenant: str
) -> None:
    first = await judged(graph, gateway, tenant, "a-1")
    await decide(context, first, approved=True)
    assert (await drive(graph, first)).state == "closed"
    second = await judged(graph, gateway, tenant, "a-2")
    note = "a new alert of an incident that was decided: 1 true_positive"
    assert second.case_facts.incident_note == shown(gateway)["incident"]["note"] == note


async def test_title_that_another_alert_shares_is_not_shown_as_evidence(
    graph: InvestigationGraph, gateway: ScriptedGateway, tenant: str
) -> None:
    await judged(graph, gateway, tenant, "a-1")
    quoting = ISOLATE | {
        "why": {"speaks_for": [{"claim": "c", "quote": "LSASS memory read"}], "speaks_against": [], "missing": []}
    }
    state = await judged(graph, gateway, tenant, "a-2", quoting)
    assert state.case_facts.answer_flags == ["invented_quote: LSASS memory read"]


async def test_reason_of_a_link_is_no_evidence_and_the_title_of_another_alert_is(
    graph: InvestigationGraph, gateway: ScriptedGateway, tenant: str
) -> None:
    await judged(graph, gateway, tenant, "a-1", title="Encoded PowerShell")
    claims = [{"claim": "c", "quote": quote} for quote in ("Encoded PowerShell", "the first alert of its incident")]
    quoting = ISOLATE | {"why": {"speaks_for": claims, "speaks_against": [], "missing": []}}
    state = await judged(graph, gateway, tenant, "a-2", quoting)
    assert state.case_facts.why is not None
    assert [claim.source for claim in state.case_facts.why.speaks_for] == ["context.incident.alerts.0.title", ""]


async def test_same_action_on_the_same_target_is_asked_for_once_an_incident(
    graph: InvestigationGraph, context: StepContext, gateway: ScriptedGateway, tenant: str
) -> None:
    first = await judged(graph, gateway, tenant, "a-1")
    second = await judged(graph, gateway, tenant, "a-2")
    assert [action.target for action in first.recommended_actions] == ["ws-17"]
    assert second.state == "awaiting_human"
    assert second.recommended_actions == []
    approval = first.case_facts.approval_id
    who = f"approval {approval} of investigation {first.investigation_id} asks for it"
    assert second.case_facts.asked_already == [f"isolate_host ws-17: {who}"]
    asked = await context.approvals.resolve(tenant, second.case_facts.approval_id)
    assert asked.actions == []
    assert who in asked.reason
    await decide(context, first, approved=True)
    third = await judged(graph, gateway, tenant, "a-3")
    assert third.recommended_actions == []


async def test_action_that_was_denied_may_be_asked_for_again(
    graph: InvestigationGraph, context: StepContext, gateway: ScriptedGateway, tenant: str
) -> None:
    await decide(context, await judged(graph, gateway, tenant, "a-1"), approved=False)
    second = await judged(graph, gateway, tenant, "a-2")
    assert [action.target for action in second.recommended_actions] == ["ws-17"]


async def test_action_of_another_incident_is_asked_for_again(
    graph: InvestigationGraph, gateway: ScriptedGateway, tenant: str
) -> None:
    await judged(graph, gateway, tenant, "a-1")
    later = await judged(graph, gateway, tenant, "a-2", timestamp="2026-11-25T08:00:00Z")
    assert [action.target for action in later.recommended_actions] == ["ws-17"]


async def test_cases_that_are_judged_at_once_ask_for_an_action_once(
    graph: InvestigationGraph, context: StepContext, gateway: ScriptedGateway, tenant: str
) -> None:
    cases = [await graph.open(alert(tenant, alert_id=f"a-{number}")) for number in range(6)]
    for case in cases:
        for step in (Step.EXTRACT_IOCS, Step.CHECK_FALSE_POSITIVE, *PARALLEL, Step.ASK_MODEL):
            await graph.perform(tenant, case.investigation_id, step)
        gateway.verdicts = [ISOLATE]
        await graph.answer(reasoning_job(case, 1))
    await asyncio.gather(*(graph.perform(tenant, case.investigation_id, Step.JUDGE) for case in cases))
    states = [await context.repository.load(tenant, case.investigation_id) for case in cases]
    assert {state.state for state in states} == {"awaiting_human"}
    assert sum(len(state.recommended_actions) for state in states) == 1


async def test_linking_that_merges_while_cases_are_judged_ends_and_loses_nothing(
    graph: InvestigationGraph, context: StepContext, gateway: ScriptedGateway, tenant: str
) -> None:
    def on(name: str, *hosts: str) -> Any:
        named = [{"entity_type": "host", "primary_value": host} for host in hosts]
        return alert(tenant, alert_id=name, parsed_entities={"hosts": named})

    cases = [await graph.open(on(f"a-{number}", f"ws-{number}")) for number in range(6)]
    for case in cases:
        for step in (Step.EXTRACT_IOCS, Step.CHECK_FALSE_POSITIVE, *PARALLEL, Step.ASK_MODEL):
            await graph.perform(tenant, case.investigation_id, step)
        gateway.verdicts = [verdict("true_positive", 0.95, ("isolate_host", f"ws-{case.alert_id[2:]}"))]
        await graph.answer(reasoning_job(case, 1))
    judging = [graph.perform(tenant, case.investigation_id, Step.JUDGE) for case in cases]
    merging = [graph.open(on(f"m-{number}", f"ws-{number}", f"ws-{number + 1}")) for number in range(5)]
    late = [graph.open(on(f"a-{number}", f"ws-{number}", f"ws-{(number + 3) % 6}")) for number in range(6)]
    await asyncio.gather(*judging, *merging, *late)
    found = await context.incidents.of_alert(tenant, "a-0")
    assert found is not None
    assert len(found.members) == 11
    assert sum(member.classification == "true_positive" for member in found.members) == 6


async def test_verdicts_reach_the_incident_and_its_audit_events_name_it(
    graph: InvestigationGraph, context: StepContext, gateway: ScriptedGateway, bus: MemoryProducer, tenant: str
) -> None:
    first = await judged(graph, gateway, tenant, "a-1")
    before = await context.incidents.of_alert(tenant, "a-1")
    assert before is not None
    assert (before.members[0].classification, before.members[0].decided) == ("true_positive", False)
    await decide(context, first, approved=True)
    await drive(graph, first)
    after = await context.incidents.of_alert(tenant, "a-1")
    assert after is not None
    assert (after.decided, after.members[0].outcome) == (True, "approved")
    events = [AuditEvent.from_json(message.value) for message in bus.on("audit.events")]
    opened = next(event for event in events if event.event_type == "incident.opened")
    assert (opened.context["incident_id"], opened.alert_id) == (after.incident_id, "a-1")


async def test_alert_that_no_incident_can_take_is_investigated_all_the_same(
    graph: InvestigationGraph, context: StepContext, gateway: ScriptedGateway, tenant: str, monkeypatch: MonkeyPatch
) -> None:
    async def refuse(*_: Any) -> str:
        raise InvalidInput("value", got="x", expected="y")

    monkeypatch.setattr(context.incidents, "link", refuse)
    state = await judged(graph, gateway, tenant, "a-1")
    assert (state.state, state.case_facts.incident_id) == ("awaiting_human", "")
