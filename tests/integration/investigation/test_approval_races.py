"""Many clients at once on one approval: whatever they did must have an order in which each could have done it alone.

Each seed makes another mix of grants, partial grants, denials, expiry and steps. The history of calls and results is
then searched by brute force for an order that respects real time and that a gate of one thread explains (Herlihy and
Wing, Linearizability, 1990). If there is none, somebody's answer got lost or counted twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

import pytest

from shared.bus.producer import MemoryProducer
from shared.contracts.action import Action, PendingAction, actions_hash
from shared.contracts.approval import Approval, ApprovalDecision
from shared.contracts.investigation import GraphState
from shared.errors import AccessDenied, Conflict
from shared.investigation.flow import Step
from shared.investigation.graph import InvestigationGraph
from shared.investigation.steps.step_context import StepContext
from shared.stores.postgres import Postgres
from tests.integration.investigation.conftest import ScriptedGateway, verdict
from tests.integration.investigation.test_approvals import change
from tests.integration.investigation.test_graph import alert, drive

CALLS = 12
SEEDS = range(24)
PROTECTED = 0  # the position of the protected action, in every second seed
ASKED = verdict("true_positive", 0.95, ("isolate_host", "ws-17"), ("open_ticket", ""), severity="high")


@dataclass(frozen=True)
class Gate:
    """The approval and its case as one thread would keep them."""

    status: str = "pending"
    granted: tuple[int, ...] = ()
    first: tuple[str, tuple[int, ...]] | None = None
    expired: bool = False
    case: str = "awaiting_human"


@dataclass(frozen=True)
class Call:
    """One client's call, which began and ended at these ticks, and what it was answered."""

    what: str  # grant, deny, expire, resolve, respond
    by: str
    places: tuple[int, ...]
    began: int
    ended: int
    result: str


def alone(  # noqa: PLR0911 - one return an answer
    gate: Gate, call: Call, *, protected: bool
) -> tuple[Gate, str]:
    """What the call does when nobody else is there: the gate after it and the answer."""
    match call.what:
        case "expire":
            return replace(gate, expired=gate.expired or gate.status == "pending"), "done"
        case "resolve":
            return _resolved(gate)
        case "respond":
            after = replace(gate, case="closed") if gate.case == "responding" else gate
            return after, after.case
    if gate.status != "pending" or gate.expired:
        return gate, "refused"
    if call.what == "deny":
        return replace(gate, status="denied"), "denied"
    if protected and PROTECTED in call.places:
        if gate.first is None:
            return replace(gate, first=(call.by, call.places)), "pending"
        if gate.first[0] == call.by or gate.first[1] != call.places:
            return gate, "refused"
    status = "granted" if len(call.places) == 2 else "partly_granted"
    return replace(gate, status=status, granted=call.places), status


def _resolved(gate: Gate) -> tuple[Gate, str]:
    if gate.case != "awaiting_human":
        return gate, gate.case
    if gate.status == "pending" and gate.expired:
        gate = replace(gate, status="timed_out")
    ends = {"pending": "awaiting_human", "granted": "responding", "partly_granted": "responding"}
    return replace(gate, case=ends.get(gate.status, "closed")), ends.get(gate.status, "closed")


def explained(calls: Sequence[Call], end: Gate, *, protected: bool) -> bool:
    """Whether some order of the calls gives each its answer and ends as the database did."""
    seen: set[tuple[frozenset[Call], Gate]] = set()

    def search(left: frozenset[Call], gate: Gate) -> bool:
        if not left:
            return (gate.status, gate.granted, gate.case) == (end.status, end.granted, end.case)
        if (left, gate) in seen:
            return False
        seen.add((left, gate))
        first_end = min(call.ended for call in left)
        for call in left:
            if call.began > first_end:  # another had ended before it began
                continue
            after, answer = alone(gate, call, protected=protected)
            if answer == call.result and search(left - {call}, after):
                return True
        return False

    return search(frozenset(calls), Gate())


@dataclass
class Clients:
    """Calls the gate and writes down what it answered."""

    context: StepContext
    graph: InvestigationGraph
    store: Postgres
    state: GraphState
    approval: Approval
    ticks: int = 0

    def tick(self) -> int:
        self.ticks += 1
        return self.ticks

    async def call(self, what: str, by: str, places: tuple[int, ...], pause: float) -> Call:
        await asyncio.sleep(pause)
        began = self.tick()
        calls: dict[str, Callable[[], Awaitable[str]]] = {
            "grant": lambda: self._decide(True, by, places),
            "deny": lambda: self._decide(False, by, ()),
            "expire": self._expire,
            "resolve": lambda: self._step(Step.RESOLVE_APPROVAL),
            "respond": lambda: self._step(Step.RESPOND),
        }
        return Call(what, by, places, began=began, result=await calls[what](), ended=self.tick())

    async def _decide(self, approved: bool, by: str, places: tuple[int, ...]) -> str:
        shown = [self.approval.actions[place] for place in places] if approved else self.approval.actions
        granted = list(places) if approved else None
        decision = ApprovalDecision(approved=approved, actions_hash=actions_hash(shown), granted=granted)
        tenant, approval_id = self.state.tenant_id, self.approval.approval_id
        try:
            answered = await self.context.approvals.decide(tenant, approval_id, decision, decided_by=by, permissions=[])
        except (Conflict, AccessDenied):
            return "refused"
        return answered.status

    async def _expire(self) -> str:
        await change(self.store, self.state, "expires_at = now() - interval '1 hour'")
        return "done"

    async def _step(self, step: Step) -> str:
        return (await self.graph.perform(self.state.tenant_id, self.state.investigation_id, step)).state


def planned(random: Random) -> list[tuple[str, str, tuple[int, ...], float]]:
    """The calls of one seed: who calls what, and how many seconds later."""
    kinds = ["grant"] * 5 + ["deny", "expire", "resolve", "resolve", "respond"]
    ways: list[tuple[int, ...]] = [(0, 1), (0, 1), (0,), (1,)]
    return [
        (random.choice(kinds), f"person-{random.randrange(4)}", random.choice(ways), random.random() * 0.03)
        for _ in range(CALLS)
    ]


async def first_is_protected(tenant_id: str, actions: Sequence[Action]) -> Mapping[str, str]:
    return {actions[PROTECTED].target: "domain controller"}


@pytest.mark.parametrize("seed", SEEDS)
async def test_calls_at_once_leave_one_winner_and_each_granted_action_once(
    context: StepContext, store: Postgres, gateway: ScriptedGateway, bus: MemoryProducer, tenant: str, seed: int
) -> None:
    protected = bool(seed % 2)
    if protected:
        context = replace(context, protected_targets=first_is_protected)
    graph = InvestigationGraph(context)
    gateway.verdicts = [ASKED]
    state = await drive(graph, await graph.open(alert(tenant)))
    approval = await context.approvals.resolve(tenant, state.case_facts.approval_id)
    clients = Clients(context, graph, store, state, approval)
    history = await asyncio.gather(*(clients.call(*plan) for plan in planned(Random(seed))))

    ended = await context.approvals.resolve(tenant, approval.approval_id)
    closed = await context.repository.load(tenant, state.investigation_id)
    granted = () if ended.status not in {"granted", "partly_granted"} else tuple(
        approval.actions.index(action) for action in ended.actions
    )  # fmt: skip
    overdue = ended.status == "timed_out" and closed.state == "awaiting_human"  # this very look ended it
    end = Gate("pending" if overdue else ended.status, granted, case=closed.state)
    assert explained(history, end, protected=protected), history

    last = await drive(graph, closed)
    sent = [PendingAction.from_json(message.value).action for message in bus.on("actions.pending")]
    assert last.state == ("awaiting_human" if ended.status == "pending" else "closed")
    assert sorted(map(str, sent)) == sorted(str(approval.actions[place]) for place in granted)


@pytest.mark.parametrize(
    ("calls", "end"),
    [
        ([("deny", 1, 2, "denied"), ("grant", 3, 4, "granted")], Gate("granted", (0, 1))),
        ([("grant", 1, 4, "granted"), ("deny", 2, 3, "denied")], Gate("denied")),
        ([("grant", 1, 2, "refused"), ("deny", 3, 4, "denied")], Gate("denied")),
        ([("grant", 1, 2, "granted"), ("resolve", 3, 4, "awaiting_human")], Gate("granted", (0, 1))),
    ],
    ids=["two winners", "two winners at once", "refused for nothing", "an answer that got lost"],
)
def test_search_finds_no_order_for_a_broken_gate(calls: list[tuple[str, int, int, str]], end: Gate) -> None:
    history = [Call(what, "p", (0, 1), began, ended, result) for what, began, ended, result in calls]
    assert not explained(history, end, protected=False)
