"""Events and timers in random order on the product's own orchestrator: whatever comes early, late, twice or amid.

``ALUSKORT_TEST_RANDOM_ORDERS=500`` tries so many orders; the suite tries few.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from durable.investigation.messages import Case
from shared.access.identity import Identity, Role
from shared.access.kill_switch_panel import KillSwitchPanel
from shared.audit.service import AuditService
from shared.bus.outbox import Outbox
from shared.bus.received import Received
from shared.contracts.action import PendingAction
from shared.contracts.approval import ApprovalDecision, ApprovalStatus
from shared.contracts.audit import AuditEvent
from shared.contracts.disposition import DispositionRequest
from shared.contracts.gateway import GatewayRequest, GatewayResponse
from shared.contracts.investigation import GraphState, InvestigationState
from shared.contracts.kill_switch import KillSwitchChange
from shared.contracts.llm_job import LLMJob
from shared.errors import AluskortError
from shared.incidents.regrouping import Regrouping
from shared.incidents.report import Actor
from shared.investigation.approvals import APPROVAL_EVENT, Approvals
from shared.investigation.dispositions import Dispositions
from shared.investigation.flow import Step
from shared.investigation.graph import InvestigationGraph
from shared.investigation.reopening import Reopening
from shared.investigation.steps.step_context import StepContext
from shared.investigation.transitions import ALLOWED, FINAL
from shared.investigation.waking import Waiting
from shared.response.executor import Executor
from shared.stores.postgres import Postgres
from tests.integration.investigation.conftest import OwnMessages, ScriptedGateway, host, verdict
from tests.integration.investigation.durable_host import Host, later
from tests.integration.investigation.test_graph import SCAN_BY_OUR_SCANNER, alert

ORDERS = int(os.environ.get("ALUSKORT_TEST_RANDOM_ORDERS", "8"))
KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {  # the alert's fields, and the model's answer
    "asks to act": (
        {},
        verdict("true_positive", 0.95, ("isolate_host", "ws-17"), ("open_ticket", ""), severity="high"),
    ),
    "asks what it was": ({}, verdict("requires_investigation", 0.7)),
    "unsure": ({}, verdict("true_positive", 0.4, ("isolate_host", "ws-17"), severity="high")),
    "acts by itself": (SCAN_BY_OUR_SCANNER, verdict("true_positive", 0.9, ("add_comment", ""), severity="low")),
}
STATES = InvestigationState


class SameAnswer:
    """A model that judges alike each time."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self._answer = answer

    async def complete(self, request: GatewayRequest, **_: Any) -> GatewayResponse:
        model = ScriptedGateway([self._answer])
        return await model.complete(request)


@dataclass
class World:
    """One tenant with a case, its orchestrations, and what may happen to it."""

    tenant: str
    store: Postgres
    context: StepContext
    bus: OwnMessages
    fields: dict[str, Any]
    clock: datetime = field(default_factory=lambda: datetime.now(UTC))
    hosts: list[Host] = field(default_factory=list)
    reopened: int = 0
    answered: int = 0  # messages of jobs.llm.priority.* that were taken from the bus

    def __post_init__(self) -> None:
        self.graph = InvestigationGraph(self.context)
        self.admin = Identity("admin-1", "Admin", frozenset({Role.ADMIN}), self.tenant)

    async def begin(self) -> None:
        self.case = (await self.graph.open(self.alert("alert-1"))).investigation_id
        await self.graph.open(self.alert("alert-2", parsed_entities=host("ws-99"), timestamp="2026-10-01T08:00:00Z"))
        self.follow(self.case)

    def alert(self, alert_id: str, **fields: Any) -> Any:
        return alert(self.tenant, alert_id=alert_id, **self.fields | fields)

    def follow(self, investigation: str) -> None:
        case = Case(tenant_id=self.tenant, investigation_id=investigation, llm_wait_seconds=60)
        self.hosts.append(Host(case, lambda: self.clock, self.perform))

    async def perform(self, name: str, payload: dict[str, Any]) -> dict[str, Any]:
        progress = await self.graph.perform(self.tenant, self.case, Step(name), payload["attempt"])
        return progress.model_dump(mode="json")

    async def wake(self, waiting: Waiting) -> None:
        for each in self.hosts:
            each.raise_event(APPROVAL_EVENT)

    async def state(self) -> GraphState:
        return await self.context.repository.load(self.tenant, self.case)

    # What may happen.
    async def goes_on(self) -> None:
        await self.hosts[-1].turn()

    async def goes_on_twice(self) -> None:
        await self.hosts[-1].turn(copies=2)

    async def history_is_lost(self) -> None:
        self.hosts[-1].forget()

    async def time_passes(self) -> None:
        if limit := self.hosts[-1].waits_until():
            self.clock = max(self.clock, later(limit))
            await self.rows(
                "UPDATE action_approvals SET expires_at = now() - interval '1 second'"
                " WHERE tenant_id = %(tenant)s AND status = 'pending' AND expires_at <= %(clock)s"
            )

    async def model_answers(self) -> None:
        await self.context.outbox.settled()
        await self.context.outbox.sweep()
        jobs = [message for message in self.bus.messages if message.topic.startswith("jobs.llm.")]
        for message in jobs[max(0, self.answered - 1) :]:  # the last one comes twice
            job = LLMJob.from_json(message.value)
            await self.graph.answer(job)
            self.hosts[-1].raise_event(job.event_name)
        self.answered = len(jobs)

    async def event_without_an_answer(self) -> None:
        self.hosts[-1].raise_event(APPROVAL_EVENT)

    async def alert_comes_again(self) -> None:
        await self.graph.open(self.alert("alert-1"))

    async def switch_goes_on(self) -> None:
        await self.panel.activate(self.change, self.admin)

    async def switch_goes_off(self) -> None:
        await self.panel.deactivate(self.change, self.admin)

    async def incidents_are_merged(self) -> None:
        own = await self.context.incidents.of_alert(self.tenant, "alert-1")
        other = await self.context.incidents.of_alert(self.tenant, "alert-2")
        assert own is not None
        assert other is not None
        grouping = Regrouping(self.store, self.context.outbox)
        await grouping.merge(
            self.tenant, own.incident_id, into=other.incident_id, actor=Actor("senior"), comment="one attack"
        )

    async def person_grants(self) -> None:
        await self.decide(approved=True)

    async def person_denies(self) -> None:
        await self.decide(approved=False)

    async def person_disposes(self) -> None:
        said = DispositionRequest.model_validate({"disposition": "false_positive", "reason": "incorrect_rule"})
        dispositions = Dispositions(self.store, self.context.outbox, self.context.approvals)
        await dispositions.record(self.tenant, self.case, said, decided_by="casey", permissions=[])

    async def person_reopens(self) -> None:
        again = Reopening(self.store, self.context.outbox, self.context.approvals, self.context.approval_times)
        await again.reopen(self.tenant, self.case, comment="", reopened_by="casey", permissions=[])
        self.reopened += 1
        self.follow(self.case)

    async def decide(self, *, approved: bool) -> None:
        approval_id = (await self.state()).case_facts.approval_id
        approval = await self.context.approvals.resolve(self.tenant, approval_id)
        decision = ApprovalDecision(approved=approved, actions_hash=approval.actions_hash)
        await self.context.approvals.decide(self.tenant, approval_id, decision, decided_by="senior", permissions=[])

    @property
    def panel(self) -> KillSwitchPanel:
        return KillSwitchPanel(self.store, self.context.outbox)

    @property
    def change(self) -> KillSwitchChange:
        return KillSwitchChange(dimension="tenant", value=self.tenant, reason="a drill")

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        values = {"tenant": self.tenant, "case": self.case, "clock": self.clock}
        async with self.store.transaction(self.tenant) as connection:
            cursor = await connection.execute(sql.encode(), values)
            return await cursor.fetchall() if cursor.description else []

    async def comes_to_its_end(self) -> None:
        """Whatever was begun goes on until nothing waits: the model answers, a person grants or says what it was."""
        for _ in range(100):
            while await self.hosts[-1].turn():
                pass
            state = (await self.state()).state
            if self.hosts[-1].ended and state in FINAL:
                return
            await self.model_answers()
            if state is STATES.AWAITING_HUMAN:
                with suppress(AluskortError):
                    await self.person_grants()
                with suppress(AluskortError):
                    await self.person_disposes()
                await self.event_without_an_answer()
        raise AssertionError(f"the case never ended: {state}")


HAPPENINGS: dict[str, Callable[[World], Awaitable[None]]] = {
    method.__name__: method
    for method in (
        World.goes_on,
        World.goes_on_twice,
        World.history_is_lost,
        World.time_passes,
        World.model_answers,
        World.event_without_an_answer,
        World.alert_comes_again,
        World.switch_goes_on,
        World.switch_goes_off,
        World.incidents_are_merged,
        World.person_grants,
        World.person_denies,
        World.person_disposes,
        World.person_reopens,
    )
}
OFTEN = ["person_grants", "person_denies", "person_disposes", "person_reopens", "time_passes"]
SLOTS = 12  # a case has about ten requests; before each of them something may happen, or several things


@settings(max_examples=ORDERS, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(sorted(KINDS)),
    order=st.lists(st.lists(st.sampled_from([*HAPPENINGS, *OFTEN]), max_size=2), min_size=SLOTS, max_size=SLOTS),
)
async def test_whatever_the_order_a_case_ends_once_and_acts_as_granted(
    store: Postgres, context: StepContext, kind: str, order: list[list[str]]
) -> None:
    world = _world(store, context, *KINDS[kind])
    await world.begin()
    for place, happenings in enumerate(order):
        for name in happenings:
            with suppress(AluskortError):  # refused: too early, too late, twice, or not this one's
                await HAPPENINGS[name](world)
        await world.goes_on()
        if place % 2:
            await world.model_answers()
    await world.comes_to_its_end()
    await world.context.outbox.settled()
    await world.context.outbox.sweep()
    await _transitions_are_legal_and_end_once(world)
    await _actions_are_those_that_were_granted(world)
    await _audit_has_no_gap(world)


def _world(store: Postgres, context: StepContext, fields: dict[str, Any], answer: dict[str, Any]) -> World:
    tenant = f"tenant-{uuid4().hex[:12]}"
    bus = OwnMessages(tenant)
    outbox = Outbox(store, bus)
    world: World

    async def wake(waiting: Waiting) -> None:
        await world.wake(waiting)

    own = replace(
        context,
        outbox=outbox,
        approvals=Approvals(store, outbox, wake),
        gateway=SameAnswer(answer),
        approval_timeout=timedelta(hours=4),
    )
    world = World(tenant=tenant, store=store, context=own, bus=bus, fields=fields)
    return world


async def _transitions_are_legal_and_end_once(world: World) -> None:
    made = await world.rows(
        "SELECT step, version, state_before, state_after FROM investigation_transitions"
        " WHERE tenant_id = %(tenant)s AND investigation_id = %(case)s ORDER BY version"
    )
    assert [row["version"] for row in made] == list(range(1, len(made) + 1))
    assert made[0]["state_before"] == STATES.RECEIVED
    assert all(before["state_after"] == after["state_before"] for before, after in pairwise(made))
    assert all(STATES(row["state_after"]) in ALLOWED[STATES(row["state_before"])] for row in made)
    assert made[-1]["state_after"] == STATES.CLOSED
    ends = [row for row in made if row["state_after"] in FINAL and row["state_before"] not in FINAL]
    assert len(ends) == 1 + world.reopened
    assert Counter(row["step"] for row in made)[Step.JUDGE] == 1


async def _actions_are_those_that_were_granted(world: World) -> None:
    pending = [PendingAction.from_json(message.value) for message in world.bus.on("actions.pending")]
    approvals = await world.rows(
        "SELECT status, actions FROM action_approvals WHERE tenant_id = %(tenant)s AND investigation_id = %(case)s"
    )
    granted = [
        (action["action"], action["target"])
        for approval in approvals
        if approval["status"] == ApprovalStatus.GRANTED
        for action in approval["actions"]
    ]
    by_itself = [(action.action.action, action.action.target) for action in pending if not action.approval_id]
    assert sorted((action.action.action, action.action.target) for action in pending) == sorted(granted + by_itself)
    assert not any(action.action.destructive for action in pending if not action.approval_id)
    assert len({action.action_id for action in pending}) == len(pending)
    executor = Executor(world.store, world.bus, world.context.constraints)
    for message in [*world.bus.on("actions.pending")] * 2:
        await executor.process(Received("actions.pending", message.value))
    done = await world.rows(
        "SELECT action_id, status FROM executed_actions WHERE tenant_id = %(tenant)s AND investigation_id = %(case)s"
    )
    assert sorted(row["action_id"] for row in done) == sorted(action.action_id for action in pending)
    assert not [row for row in done if row["status"] == "refused"]


async def _audit_has_no_gap(world: World) -> None:
    messages = [message.value for message in world.bus.on("audit.events")]
    events = [AuditEvent.from_json(value) for value in messages]
    assert len({event.audit_id for event in events}) == len(events)
    changes = [
        (event.context["from_state"], event.context["to_state"])
        for event in events
        if event.event_type == "investigation.state_changed" and event.investigation_id == world.case
    ]
    made = await world.rows(
        "SELECT state_before, state_after FROM investigation_transitions"
        " WHERE tenant_id = %(tenant)s AND investigation_id = %(case)s ORDER BY version"
    )
    assert changes == [(row["state_before"], row["state_after"]) for row in made]
    audit = AuditService(world.store)
    report = await audit.append_messages(messages)
    assert (report.appended, report.rejected) == (len(events), 0)
    assert (await audit.append_messages(messages)).appended == 0
    records = await world.rows(
        "SELECT sequence_number AS at FROM audit_records WHERE tenant_id = %(tenant)s ORDER BY 1"
    )
    first = records[0]["at"]
    assert [row["at"] for row in records] == list(range(first, first + len(records)))
    assert (await audit.verify(world.tenant)).chain_valid
