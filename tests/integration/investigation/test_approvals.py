"""The gate on real PostgreSQL: parts of the actions, two people, who asked, the next reviewer, rows changed later."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from shared.bus.producer import MemoryProducer
from shared.bus.received import Received
from shared.contracts.action import Action, PendingAction, actions_hash
from shared.contracts.alert import SeverityLevel
from shared.contracts.approval import Approval, ApprovalDecision
from shared.contracts.audit import AuditEvent
from shared.contracts.executor import ExecutorConstraints
from shared.contracts.investigation import GraphState
from shared.errors import AccessDenied, Conflict, InvalidInput
from shared.investigation.flow import Step
from shared.investigation.graph import InvestigationGraph
from shared.investigation.steps.step_context import StepContext
from shared.response.executor import Executor
from shared.stores.postgres import Postgres
from tests.conftest import Database
from tests.integration.investigation.conftest import ScriptedGateway, verdict
from tests.integration.investigation.test_graph import alert, drive

BOTH = verdict("true_positive", 0.95, ("isolate_host", "ws-17"), ("open_ticket", ""), severity="high")


async def dc_is_protected(tenant_id: str, actions: Sequence[Action]) -> Mapping[str, str]:
    return {action.target: "domain controller" for action in actions if action.target == "ws-17"}


@pytest.fixture
async def waiting(graph: InvestigationGraph, gateway: ScriptedGateway, tenant: str) -> GraphState:
    """A case that asks to isolate ws-17 (0) and to open a ticket (1)."""
    gateway.verdicts = [BOTH]
    return await drive(graph, await graph.open(alert(tenant)))


@pytest.fixture
async def guarded(context: StepContext, gateway: ScriptedGateway, tenant: str) -> GraphState:
    """The same with ws-17 protected."""
    gateway.verdicts = [BOTH]
    graph = InvestigationGraph(replace(context, protected_targets=dc_is_protected))
    return await drive(graph, await graph.open(alert(tenant)))


async def asked(context: StepContext, state: GraphState) -> Approval:
    return await context.approvals.resolve(state.tenant_id, state.case_facts.approval_id)


async def grant(context: StepContext, state: GraphState, *places: int, by: str = "senior") -> Approval:
    approval = await asked(context, state)
    chosen = [approval.actions[place] for place in places]
    decision = ApprovalDecision(approved=True, actions_hash=actions_hash(chosen), granted=list(places))
    return await context.approvals.decide(
        state.tenant_id, approval.approval_id, decision, decided_by=by, permissions=[]
    )


async def audited(context: StepContext, bus: MemoryProducer, kind: str) -> list[AuditEvent]:
    await context.outbox.settled()
    await context.outbox.sweep()
    events = [AuditEvent.from_json(message.value) for message in bus.on("audit.events")]
    return [event for event in events if event.event_type == kind]


async def change(store: Postgres, state: GraphState, assignment: str, *values: Any) -> None:
    async with store.transaction(state.tenant_id) as connection:
        statement = f"UPDATE action_approvals SET {assignment} WHERE investigation_id = %s"
        await connection.execute(statement.encode(), (*values, state.investigation_id))


async def test_only_what_was_granted_goes_to_the_executor(
    graph: InvestigationGraph, context: StepContext, bus: MemoryProducer, waiting: GraphState
) -> None:
    granted = await grant(context, waiting, 1)
    assert (granted.status, [action.action for action in granted.actions]) == ("partly_granted", ["open_ticket"])
    assert [action.action for action in granted.denied_actions] == ["isolate_host"]
    closed = await drive(graph, waiting)
    assert (closed.state, closed.outcome) == ("closed", "partly_approved")
    (sent,) = bus.on("actions.pending")
    assert PendingAction.from_json(sent.value).action.action == "open_ticket"
    (event,) = await audited(context, bus, "approval.granted")
    assert event.context["granted"] == [f"open_ticket {waiting.alert_id}"]
    assert event.context["denied"] == ["isolate_host ws-17"]


async def test_executor_refuses_what_was_asked_for_and_not_granted(
    graph: InvestigationGraph, context: StepContext, store: Postgres, bus: MemoryProducer, waiting: GraphState
) -> None:
    granted = await grant(context, waiting, 1)
    await drive(graph, waiting)
    (sent,) = bus.on("actions.pending")
    pending = PendingAction.from_json(sent.value)
    executor = Executor(store, bus, ExecutorConstraints(allowlisted_playbooks=frozenset()))
    for action in (*granted.denied_actions, *granted.actions):
        asked_for = pending.model_copy(update={"action": action, "action_id": f"{pending.action_id}:{action.action}"})
        await executor.process(Received("actions.pending", asked_for.to_json()))
    async with store.transaction(waiting.tenant_id) as connection:
        cursor = await connection.execute("SELECT action, status FROM executed_actions ORDER BY action")
        rows = {row["action"]: row["status"] for row in await cursor.fetchall()}
    assert rows == {"isolate_host": "refused", "open_ticket": "dry_run"}


@pytest.mark.parametrize(
    ("assignment", "values"),
    [
        ("actions = jsonb_set(actions, '{0,target}', '\"dc-1\"')", []),
        ("actions = actions || denied_actions", []),
        (
            "actions = %s, actions_hash = %s",
            [
                Jsonb([{"action": "isolate_host", "target": "dc-1"}]),
                actions_hash([Action(action="isolate_host", target="dc-1")]),
            ],
        ),
        ("actions = '[]', actions_hash = %s", [actions_hash([])]),
    ],
    ids=["other target", "more actions", "other action with its hash", "no action"],
)
async def test_grant_whose_row_was_changed_afterwards_executes_nothing(
    graph: InvestigationGraph,
    context: StepContext,
    store: Postgres,
    bus: MemoryProducer,
    waiting: GraphState,
    assignment: str,
    values: list[Any],
) -> None:
    await grant(context, waiting, 1)
    await change(store, waiting, assignment, *values)
    failed = await drive(graph, waiting)
    assert failed.state == "failed"
    assert bus.on("actions.pending") == []


async def test_protected_target_is_granted_by_two_people_who_name_it(
    graph: InvestigationGraph, context: StepContext, bus: MemoryProducer, guarded: GraphState
) -> None:
    approval = await asked(context, guarded)
    assert approval.protected == {"ws-17": "domain controller"}
    whole = ApprovalDecision(approved=True, actions_hash=approval.actions_hash)
    with pytest.raises(InvalidInput, match="domain controller"):
        await context.approvals.decide(
            guarded.tenant_id, approval.approval_id, whole, decided_by="first", permissions=[]
        )
    first = await grant(context, guarded, 0, 1, by="first")
    assert (first.status, first.first_granted_by) == ("pending", "first")
    with pytest.raises(AccessDenied, match="a second senior analyst or admin"):
        await grant(context, guarded, 0, 1, by="first")
    with pytest.raises(Conflict, match="first granted other actions"):
        await grant(context, guarded, 0, by="second")
    assert (await drive(graph, guarded)).state == "awaiting_human"
    second = await grant(context, guarded, 0, 1, by="second")
    assert (second.status, second.decided_by) == ("granted", "second")
    closed = await drive(graph, guarded)
    assert closed.outcome == "approved"
    assert any("first and second approved 2 action(s)" in line.reasoning for line in closed.decision_chain)
    events = await audited(context, bus, "approval.granted")
    assert [(event.actor_id, event.outcome["outcome_status"]) for event in events] == [
        ("first", "pending_approval"),
        ("second", "success"),
    ]


async def test_rest_of_a_protected_approval_takes_one_person(context: StepContext, guarded: GraphState) -> None:
    await grant(context, guarded, 0, 1, by="first")
    rest = await grant(context, guarded, 1, by="second")
    assert (rest.status, [action.action for action in rest.actions]) == ("partly_granted", ["open_ticket"])


async def test_database_takes_no_grant_of_a_protected_target_by_one_person(
    store: Postgres, guarded: GraphState
) -> None:
    """As a release would give it that knows no second person."""
    with pytest.raises(InvalidInput, match="action_approvals_by_two_persons"):
        await change(store, guarded, "status = 'granted', decided_at = now(), decided_by = 'one'")


async def test_whoever_asked_may_deny_and_not_grant(context: StepContext, store: Postgres, waiting: GraphState) -> None:
    await change(store, waiting, "requested_by = 'casey'")
    with pytest.raises(AccessDenied, match="another senior analyst or admin may grant it"):
        await grant(context, waiting, 0, by="casey")
    approval = await asked(context, waiting)
    denial = ApprovalDecision(approved=False, actions_hash=approval.actions_hash)
    denied = await context.approvals.decide(
        waiting.tenant_id, approval.approval_id, denial, decided_by="casey", permissions=[]
    )
    assert denied.status == "denied"


async def test_whoever_sent_the_alert_may_deny_and_not_grant(
    graph: InvestigationGraph, context: StepContext, gateway: ScriptedGateway, tenant: str
) -> None:
    gateway.verdicts = [BOTH]
    sent = alert(tenant, submitted_by=["casey"])
    state = await drive(graph, await graph.open(sent))
    await graph.open(sent.model_copy(update={"submitted_by": ["robin"], "description": "and more"}))
    for sender in ("casey", "robin"):
        with pytest.raises(AccessDenied, match="You sent the alert"):
            await grant(context, state, 0, by=sender)
    approval = await asked(context, state)
    denial = ApprovalDecision(approved=False, actions_hash=approval.actions_hash)
    denied = await context.approvals.decide(tenant, approval.approval_id, denial, decided_by="casey", permissions=[])
    assert denied.status == "denied"


@pytest.mark.parametrize(
    ("severity", "hours"), [("critical", 1), ("high", 4)], ids=["of the severity", "of every other"]
)
async def test_question_waits_as_long_as_its_severity_says(
    context: StepContext, gateway: ScriptedGateway, tenant: str, severity: str, hours: int
) -> None:
    gateway.verdicts = [BOTH]
    graph = InvestigationGraph(replace(context, approval_timeouts={SeverityLevel.CRITICAL: timedelta(hours=1)}))
    state = await drive(graph, await graph.open(alert(tenant, severity=severity)))
    approval = await asked(context, state)
    times = [datetime.fromisoformat(moment) for moment in (approval.requested_at, approval.expires_at)]
    assert times[1] - times[0] == timedelta(hours=hours)


async def test_critical_approval_goes_to_the_next_reviewer_once_before_it_is_denied(
    graph: InvestigationGraph,
    context: StepContext,
    store: Postgres,
    gateway: ScriptedGateway,
    bus: MemoryProducer,
    tenant: str,
) -> None:
    gateway.verdicts = [BOTH]
    state = await drive(graph, await graph.open(alert(tenant, severity="critical")))
    over = "requested_at = requested_at - interval '5 hours', expires_at = now() - interval '1 hour'"
    await change(store, state, over)
    progress = await graph.perform(tenant, state.investigation_id, Step.RESOLVE_APPROVAL)
    assert progress.state == "awaiting_human"
    again = await graph.perform(tenant, state.investigation_id, Step.JUDGE)  # as the next generation asks
    approval = await asked(context, state)
    assert progress.approval_deadline == again.approval_deadline == approval.expires_at
    assert datetime.fromisoformat(approval.expires_at) > datetime.now().astimezone()
    (event,) = await audited(context, bus, "approval.escalated")
    assert (event.severity, event.context["reason"]) == ("warning", "nobody answered in time")
    await change(store, state, over)
    ended = await graph.perform(tenant, state.investigation_id, Step.RESOLVE_APPROVAL)
    assert ended.state == "closed"
    assert (await asked(context, state)).status == "timed_out"


async def test_answer_to_a_critical_approval_just_after_its_time_goes_to_it_as_escalated(
    graph: InvestigationGraph, context: StepContext, store: Postgres, gateway: ScriptedGateway, tenant: str
) -> None:
    gateway.verdicts = [BOTH]
    state = await drive(graph, await graph.open(alert(tenant, severity="critical")))
    await change(store, state, "expires_at = now() - interval '1 second'")
    granted = await grant_without_looking(context, state)
    assert granted.status == "granted"
    assert granted.escalated_at is not None


async def grant_without_looking(context: StepContext, state: GraphState) -> Approval:
    decision = ApprovalDecision(approved=True, actions_hash=actions_hash(state.recommended_actions))
    return await context.approvals.decide(
        state.tenant_id, state.case_facts.approval_id, decision, decided_by="senior", permissions=[]
    )


async def test_approvals_of_two_cases_never_cross(
    graph: InvestigationGraph, context: StepContext, gateway: ScriptedGateway, bus: MemoryProducer, tenant: str
) -> None:
    gateway.verdicts = [BOTH, BOTH]
    cases = [await drive(graph, await graph.open(alert(tenant, alert_id=name))) for name in ("a-1", "a-2")]
    await grant(context, cases[0], 0)
    ends = [await drive(graph, case) for case in cases]
    assert [end.state for end in ends] == ["closed", "awaiting_human"]
    assert {PendingAction.from_json(sent.value).alert_id for sent in bus.on("actions.pending")} == {"a-1"}


async def test_expired_answer_says_how_to_ask_again(
    context: StepContext, own_database: Database, waiting: GraphState
) -> None:
    with psycopg.connect(own_database.owner_url) as owner:
        owner.execute(
            "UPDATE action_approvals SET expires_at = now() - interval '1 second' WHERE approval_id = %s",
            (waiting.case_facts.approval_id,),
        )
    with pytest.raises(Conflict, match=r"counts as denied\. Ask again with POST"):
        await grant_without_looking(context, waiting)
