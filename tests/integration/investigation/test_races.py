"""Steps that meet: copies of one activity, errors after a lost race, answers that nobody hears at once."""

from dataclasses import dataclass, replace
from typing import Any

from shared.bus.outbox import Outbox
from shared.bus.producer import MemoryProducer
from shared.contracts.approval import ApprovalDecision, ApprovalStatus
from shared.contracts.gateway import GatewayRequest, GatewayResponse
from shared.contracts.investigation import InvestigationState
from shared.errors import InvalidInput
from shared.investigation.approvals import Approvals
from shared.investigation.flow import Step
from shared.investigation.graph import InvestigationGraph
from shared.investigation.steps.step_context import StepContext
from shared.investigation.steps.verdict import reasoning_job
from shared.investigation.waking import Waiting
from shared.stores.postgres import Postgres
from tests.integration.investigation.conftest import ScriptedGateway, verdict
from tests.integration.investigation.test_graph import alert, drive


@dataclass
class Overtaken:
    """A gateway whose first caller is overtaken by another copy of its activity and then fails for good."""

    graph: InvestigationGraph
    tenant: str
    investigation_id: str

    async def complete(self, request: GatewayRequest, **_: Any) -> GatewayResponse:
        await self.graph.perform(self.tenant, self.investigation_id, Step.EXTRACT_IOCS)
        raise InvalidInput("value", got="x", expected="y")


async def test_error_of_an_overtaken_copy_does_not_fail_the_investigation(
    graph: InvestigationGraph, context: StepContext, tenant: str
) -> None:
    opened = await graph.open(alert(tenant))
    loser = InvestigationGraph(replace(context, gateway=Overtaken(graph, tenant, opened.investigation_id)))
    progress = await loser.perform(tenant, opened.investigation_id, Step.EXTRACT_IOCS)
    assert progress.state is InvestigationState.PARSING


async def test_hostile_data_that_breaks_a_step_fails_the_investigation_visibly(
    graph: InvestigationGraph, context: StepContext, gateway: ScriptedGateway, tenant: str
) -> None:
    class Broken(ScriptedGateway):
        async def complete(self, request: GatewayRequest, **_: Any) -> GatewayResponse:
            raise ValueError("nobody thought of this")

    opened = await graph.open(alert(tenant))
    broken = InvestigationGraph(replace(context, gateway=Broken()))
    progress = await broken.perform(tenant, opened.investigation_id, Step.EXTRACT_IOCS)
    state = await context.repository.load(tenant, opened.investigation_id)
    assert progress.state is state.state is InvestigationState.FAILED
    assert state.case_facts.error == "nobody thought of this"


async def test_step_of_an_investigation_that_does_not_exist_ends_its_orchestration(
    graph: InvestigationGraph, tenant: str
) -> None:
    progress = await graph.perform(tenant, "no-such-investigation", Step.EXTRACT_IOCS)
    assert progress.state is InvestigationState.FAILED


async def test_model_answer_that_came_before_the_wait_is_not_waited_for(
    graph: InvestigationGraph, context: StepContext, gateway: ScriptedGateway, tenant: str
) -> None:
    gateway.verdicts = [verdict("true_positive", 0.95)]
    opened = await graph.open(alert(tenant))
    for step in (Step.EXTRACT_IOCS, Step.CHECK_FALSE_POSITIVE, Step.ENRICH_CONTEXT, Step.CORRELATE_EXPOSURES):
        await graph.perform(tenant, opened.investigation_id, step)
    await graph.perform(tenant, opened.investigation_id, Step.MAP_TECHNIQUES)
    asked = await graph.perform(tenant, opened.investigation_id, Step.ASK_MODEL)
    assert not asked.answered
    await graph.answer(reasoning_job(await context.repository.load(tenant, opened.investigation_id), 1))
    again = await graph.perform(tenant, opened.investigation_id, Step.ASK_MODEL)
    assert again.answered


async def test_answer_of_a_person_counts_although_the_investigation_cannot_be_woken(
    graph: InvestigationGraph, store: Postgres, bus: MemoryProducer, gateway: ScriptedGateway, tenant: str
) -> None:
    async def deaf(case: Waiting) -> None:
        raise Exception("the task hub is unavailable")

    gateway.verdicts = [verdict("true_positive", 0.95, ("isolate_host", "ws-17"))]
    waiting = await drive(graph, await graph.open(alert(tenant)))
    approvals = Approvals(store, Outbox(store, bus), deaf)
    asked = await approvals.resolve(tenant, waiting.case_facts.approval_id)
    decision = ApprovalDecision(approved=False, actions_hash=asked.actions_hash)
    answered = await approvals.decide(tenant, asked.approval_id, decision, decided_by="senior", permissions=[])
    assert answered.status is ApprovalStatus.DENIED
