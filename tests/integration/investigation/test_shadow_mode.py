"""Row 0 of the decision table: in shadow mode a case is judged and logged, and nothing closes or acts."""

from dataclasses import replace

import pytest

from shared.contracts.investigation import InvestigationState
from shared.investigation.graph import InvestigationGraph
from shared.investigation.steps.step_context import StepContext
from shared.knowledge.fp_patterns import FPPatterns
from shared.stores.postgres import Postgres, Query
from tests.integration.investigation.conftest import ScriptedGateway, approved_pattern, host, verdict


def shadow(tenant_id: str, rule: str) -> Query[str]:
    return Query("SELECT", {}, lambda _: f"rule {rule}")


@pytest.fixture
def in_shadow(context: StepContext) -> InvestigationGraph:
    return InvestigationGraph(replace(context, in_shadow=shadow))


async def test_destructive_proposal_is_logged_and_asks_for_no_approval_of_actions(
    in_shadow: InvestigationGraph, gateway: ScriptedGateway, context: StepContext, tenant: str
) -> None:
    gateway.verdicts = [verdict("true_positive", 0.95, ("isolate_host", "ws-17"), severity="high")]
    state = await in_shadow.run("a-1", tenant, {"hosts": host("ws-17")["hosts"]}, "LSASS memory read", "high")
    assert state.state is InvestigationState.AWAITING_HUMAN
    assert state.recommended_actions == []
    assert "rule LSASS memory read is in shadow mode" in state.decision_chain[-1].reasoning
    approval = await context.approvals.resolve(tenant, state.case_facts.approval_id)
    assert approval.actions == []


async def test_known_false_positive_is_not_closed_and_the_case_says_that_it_would_have_been(
    in_shadow: InvestigationGraph, gateway: ScriptedGateway, context: StepContext, store: Postgres, tenant: str
) -> None:
    await FPPatterns(store).store(approved_pattern(tenant))
    gateway.verdicts = [verdict("false_positive", 0.97)]
    state = await in_shadow.run("a-1", tenant, host("scanner-1"), "Port scan", "medium")
    assert state.state is InvestigationState.AWAITING_HUMAN
    assert any("but rule Port scan is in shadow mode" in line.reasoning for line in state.decision_chain)
    assert "live it would have closed or acted" in state.decision_chain[-1].reasoning
