"""What people make of cases with nothing to approve, corrections, reopened cases and questions asked again."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from shared.bus.producer import MemoryProducer
from shared.contracts.approval import ApprovalDecision
from shared.contracts.audit import AuditEvent
from shared.contracts.disposition import Disposition, DispositionRequest
from shared.contracts.investigation import GraphState
from shared.errors import AccessDenied, Conflict
from shared.investigation.approval_watch import ApprovalWatch
from shared.investigation.approvals import Approvals
from shared.investigation.case_file import CaseFiles
from shared.investigation.dispositions import Dispositions
from shared.investigation.flow import Step
from shared.investigation.graph import InvestigationGraph
from shared.investigation.reopening import Reopening
from shared.investigation.steps.step_context import StepContext
from shared.investigation.waking import Waiting
from shared.knowledge.incidents import Incident
from shared.notifications.queue import Notifications
from shared.stores.postgres import Postgres
from tests.integration.investigation.conftest import ScriptedGateway, verdict
from tests.integration.investigation.test_approvals import change
from tests.integration.investigation.test_graph import alert, drive

UNSURE = verdict("requires_investigation", 0.7)
ISOLATE = verdict("true_positive", 0.95, ("isolate_host", "ws-17"), severity="high")
EXPECTED = {"disposition": "benign_true_positive", "reason": "expected_activity"}
WRONG_RULE = {"disposition": "false_positive", "reason": "incorrect_rule"}
ESCALATE = {"disposition": "escalate", "reason": "needs_specialist"}

type Say = Callable[..., Any]


@pytest.fixture
def say(dispositions: Dispositions, tenant: str) -> Say:
    async def record(state: GraphState, by: str = "casey", **fields: Any) -> Disposition:
        request = DispositionRequest.model_validate(fields)
        return await dispositions.record(tenant, state.investigation_id, request, decided_by=by, permissions=[])

    return record


async def opened(
    graph: InvestigationGraph, gateway: ScriptedGateway, tenant: str, answer: dict[str, Any], **fields: Any
) -> GraphState:
    gateway.verdicts = [answer] * 2
    return await drive(graph, await graph.open(alert(tenant, **fields)))


async def events(context: StepContext, bus: MemoryProducer, kind: str) -> list[AuditEvent]:
    await context.outbox.settled()
    await context.outbox.sweep()
    found = [AuditEvent.from_json(message.value) for message in bus.on("audit.events")]
    return [event for event in found if event.event_type == kind]


async def test_case_with_nothing_to_approve_closes_with_a_disposition_and_nowhere_as_approved(
    graph: InvestigationGraph,
    context: StepContext,
    store: Postgres,
    gateway: ScriptedGateway,
    bus: MemoryProducer,
    tenant: str,
    say: Say,
) -> None:
    waiting = await opened(graph, gateway, tenant, UNSURE)
    asked = await context.approvals.resolve(tenant, waiting.case_facts.approval_id)
    assert (waiting.state, asked.asks_for) == ("awaiting_human", "disposition")
    for approved in (True, False):
        with pytest.raises(Conflict, match="asks for a disposition"):
            await graph.resume_from_approval(waiting.investigation_id, approved, tenant_id=tenant)
    await say(waiting, **EXPECTED, comment="a backup")
    closed = await drive(graph, waiting)
    assert (closed.state, closed.outcome, closed.case_facts.disposition) == (
        "closed",
        "disposed",
        "benign_true_positive",
    )
    case = await CaseFiles(store).read(tenant, waiting.investigation_id)
    assert [(item["status"], item["decided_by"]) for item in case.approvals] == [("disposed", "casey")]
    assert [(item["reason"], item["comment"]) for item in case.dispositions] == [("expected_activity", "a backup")]
    text = case.model_dump_json()
    assert not [word for word in ('"approved"', "approved by", 'granted"') if word in text]
    assert bus.on("actions.pending") == []
    (event,) = await events(context, bus, "feedback.recorded")
    assert (event.actor_id, event.context["disposition"]) == ("casey", "benign_true_positive")
    (stored,) = bus.on("knowledge.incident.stored")
    assert Incident.from_json(stored.value).final_classification == "benign_true_positive"


@pytest.mark.parametrize("name", ["true_positive", "false_positive", "escalate"])
def test_reason_of_another_disposition_is_refused_with_those_that_fit(name: str) -> None:
    with pytest.raises(ValueError, match=f"the reason of {name} is one of"):
        DispositionRequest.model_validate({"disposition": name, "reason": "maintenance"})


async def test_case_that_asks_about_actions_takes_no_disposition(
    graph: InvestigationGraph, gateway: ScriptedGateway, tenant: str, say: Say
) -> None:
    waiting = await opened(graph, gateway, tenant, ISOLATE)
    with pytest.raises(Conflict, match=r"asks about 1 action\(s\)"):
        await say(waiting, **WRONG_RULE)


async def test_case_at_work_takes_no_disposition(graph: InvestigationGraph, tenant: str, say: Say) -> None:
    with pytest.raises(Conflict, match="is received: it asks for no disposition yet"):
        await say(await graph.open(alert(tenant)), **WRONG_RULE)


async def test_disposition_of_a_case_that_changed_since_it_was_read_is_refused(
    graph: InvestigationGraph, gateway: ScriptedGateway, tenant: str, say: Say
) -> None:
    waiting = await opened(graph, gateway, tenant, UNSURE)
    with pytest.raises(Conflict, match=f"is at version {waiting.version} and you read version 1"):
        await say(waiting, **EXPECTED, version=1)
    await say(waiting, **EXPECTED, version=waiting.version)


async def test_later_disposition_counts_and_the_earlier_one_stays(
    graph: InvestigationGraph,
    context: StepContext,
    store: Postgres,
    gateway: ScriptedGateway,
    bus: MemoryProducer,
    tenant: str,
    say: Say,
) -> None:
    waiting = await opened(graph, gateway, tenant, UNSURE)
    await say(waiting, **EXPECTED)
    closed = await drive(graph, waiting)
    await say(closed, by="robin", **WRONG_RULE)
    case = await CaseFiles(store).read(tenant, waiting.investigation_id)
    assert (case.state, case.graph_state["case_facts"]["disposition"]) == ("closed", "false_positive")
    assert [(item["disposition"], item["decided_by"]) for item in case.dispositions] == [
        ("benign_true_positive", "casey"),
        ("false_positive", "robin"),
    ]
    changed = await events(context, bus, "feedback.recorded")
    assert [event.context.get("replaces") for event in changed] == [None, "benign_true_positive"]
    stored = [Incident.from_json(message.value) for message in bus.on("knowledge.incident.stored")]
    assert [item.final_classification for item in stored] == ["benign_true_positive", "false_positive"]


async def test_two_corrections_at_once_leave_one_that_counts(
    graph: InvestigationGraph, store: Postgres, gateway: ScriptedGateway, tenant: str, say: Say
) -> None:
    waiting = await opened(graph, gateway, tenant, UNSURE)
    await say(waiting, **EXPECTED)
    closed = await drive(graph, waiting)
    said = await asyncio.gather(
        *(say(closed, by=f"p-{number}", **WRONG_RULE) for number in range(6)), return_exceptions=True
    )
    case = await CaseFiles(store).read(tenant, waiting.investigation_id)
    assert all(isinstance(item, Conflict | Disposition) for item in said), said
    won = [item.disposition_id for item in said if isinstance(item, Disposition)]
    assert sorted(item["disposition_id"] for item in case.dispositions[1:]) == sorted(won)
    assert case.version == closed.version + len(won)


async def test_escalated_case_goes_on_waiting_with_new_time_for_the_next_reviewer(
    graph: InvestigationGraph,
    context: StepContext,
    store: Postgres,
    gateway: ScriptedGateway,
    bus: MemoryProducer,
    tenant: str,
    say: Say,
) -> None:
    waiting = await opened(graph, gateway, tenant, UNSURE)
    await change(store, waiting, "requested_at = requested_at - interval '3 hours'")
    before = await context.approvals.resolve(tenant, waiting.case_facts.approval_id)
    await say(waiting, by="analyst", **ESCALATE)
    after = await context.approvals.resolve(tenant, waiting.case_facts.approval_id)
    assert (after.status, after.expires_at > before.expires_at) == ("pending", True)
    (event,) = await events(context, bus, "approval.escalated")
    assert (event.actor_id, event.context["reason"]) == ("analyst", "needs_specialist")
    with pytest.raises(Conflict, match="went to the next reviewer already"):
        await say(waiting, by="analyst", **ESCALATE)
    await say(waiting, by="senior", **WRONG_RULE)
    assert (await drive(graph, waiting)).case_facts.disposition == "false_positive"


async def test_nobody_answers_and_the_case_is_asked_again_by_one_and_granted_by_another(
    graph: InvestigationGraph,
    context: StepContext,
    store: Postgres,
    gateway: ScriptedGateway,
    bus: MemoryProducer,
    reopening: Reopening,
    tenant: str,
) -> None:
    waiting = await opened(graph, gateway, tenant, ISOLATE)
    first = waiting.case_facts.approval_id
    with pytest.raises(Conflict, match="only what closed because nobody answered"):
        await reopening.ask_again(tenant, first, asked_by="casey", permissions=[])
    await change(store, waiting, "expires_at = now() - interval '1 second'")
    assert (await drive(graph, waiting)).outcome == "timed_out"
    calls = len(gateway.requests)
    again = await reopening.ask_again(tenant, first, asked_by="casey", permissions=[])
    assert (again.state, again.round, again.outcome) == ("awaiting_human", 2, "")
    with pytest.raises(Conflict, match="is awaiting_human"):
        await reopening.ask_again(tenant, first, asked_by="robin", permissions=[])
    asked = await context.approvals.resolve(tenant, again.case_facts.approval_id)
    assert (asked.requested_by, [action.target for action in asked.actions]) == ("casey", ["ws-17"])
    decision = ApprovalDecision(approved=True, actions_hash=asked.actions_hash)
    with pytest.raises(AccessDenied, match="You asked for approval"):
        await context.approvals.decide(tenant, asked.approval_id, decision, decided_by="casey", permissions=[])
    await context.approvals.decide(tenant, asked.approval_id, decision, decided_by="robin", permissions=[])
    closed = await drive(graph, again)
    assert (closed.outcome, len(bus.on("actions.pending")), len(gateway.requests)) == ("approved", 1, calls)
    requested = await events(context, bus, "approval.requested")
    assert [event.actor_type for event in requested] == ["agent", "human"]


async def test_reopened_case_asks_for_a_new_disposition_without_a_model(
    graph: InvestigationGraph,
    context: StepContext,
    gateway: ScriptedGateway,
    reopening: Reopening,
    tenant: str,
    say: Say,
) -> None:
    waiting = await opened(graph, gateway, tenant, ISOLATE)
    with pytest.raises(Conflict, match="only what has ended"):
        await reopening.reopen(tenant, waiting.investigation_id, comment="", reopened_by="robin", permissions=[])
    closed = await graph.resume_from_approval(waiting.investigation_id, False, tenant_id=tenant)
    calls = len(gateway.requests)
    for number, (what, name) in enumerate([(EXPECTED, "benign_true_positive"), (WRONG_RULE, "false_positive")], 2):
        reopened = await reopening.reopen(
            tenant, closed.investigation_id, comment="new facts", reopened_by="robin", permissions=[]
        )
        assert (reopened.state, reopened.case_facts.disposition) == ("awaiting_human", "")
        assert reopened.orchestration_id == f"{closed.investigation_id}:{number}"
        asked = await context.approvals.resolve(tenant, reopened.case_facts.approval_id)
        assert (asked.asks_for, asked.reason) == ("disposition", "reopened by robin: new facts")
        await say(reopened, **what)
        closed = await drive(graph, reopened)
        assert (closed.outcome, closed.case_facts.disposition) == ("disposed", name)
    assert len(gateway.requests) == calls


async def test_failed_case_can_be_reopened_and_disposed(
    graph: InvestigationGraph,
    context: StepContext,
    store: Postgres,
    gateway: ScriptedGateway,
    reopening: Reopening,
    tenant: str,
    say: Say,
) -> None:
    waiting = await opened(graph, gateway, tenant, ISOLATE)
    await graph_of_failure(graph, context, store, waiting)
    failed = await context.repository.load(tenant, waiting.investigation_id)
    with pytest.raises(Conflict, match="failed: reopen it"):
        await say(failed, **EXPECTED)
    reopened = await reopening.reopen(tenant, failed.investigation_id, comment="", reopened_by="robin", permissions=[])
    await say(reopened, **EXPECTED)
    assert (await drive(graph, reopened)).state == "closed"


async def graph_of_failure(
    graph: InvestigationGraph, context: StepContext, store: Postgres, waiting: GraphState
) -> None:
    """The case after a grant whose row was changed."""
    asked = await context.approvals.resolve(waiting.tenant_id, waiting.case_facts.approval_id)
    decision = ApprovalDecision(approved=True, actions_hash=asked.actions_hash)
    await context.approvals.decide(waiting.tenant_id, asked.approval_id, decision, decided_by="senior", permissions=[])
    await change(store, waiting, "actions_hash = 'tampered'")
    await drive(graph, waiting)


async def test_sweep_wakes_what_was_answered_or_is_overdue_under_the_id_of_its_orchestration(
    graph: InvestigationGraph,
    context: StepContext,
    store: Postgres,
    gateway: ScriptedGateway,
    reopening: Reopening,
    tenant: str,
) -> None:
    woken: list[Waiting] = []

    async def wake(case: Waiting) -> None:
        woken.append(case)

    watch = ApprovalWatch(store, Approvals(store, context.outbox, wake), Notifications(store, [], None))
    waiting = await opened(graph, gateway, tenant, ISOLATE)
    closed = await graph.resume_from_approval(waiting.investigation_id, False, tenant_id=tenant)
    reopened = await reopening.reopen(tenant, closed.investigation_id, comment="", reopened_by="r", permissions=[])

    async def mine() -> list[str]:
        woken.clear()
        await watch.wake_decided()
        return [case.orchestration_id for case in woken if case.tenant_id == tenant]

    await change(store, reopened, "decided_at = decided_at - interval '1 minute'")
    assert await mine() == []  # the denial was the earlier round's
    await change(store, reopened, "expires_at = now() - interval '2 minutes'")
    assert await mine() == [f"{closed.investigation_id}:2"]
    await context.approvals.resolve(tenant, reopened.case_facts.approval_id)
    await change(store, reopened, "decided_at = decided_at - interval '1 minute'")
    assert await mine() == [f"{closed.investigation_id}:2"]
    await graph.perform(tenant, reopened.investigation_id, Step.RESOLVE_APPROVAL)
    assert await mine() == []
