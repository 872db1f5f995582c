"""Cases at work that make no step are woken, and fail when they stay stuck."""

from datetime import timedelta

import psycopg
import pytest

from shared.contracts.investigation import InvestigationState
from shared.investigation.approvals import Approvals
from shared.investigation.flow import Step
from shared.investigation.graph import InvestigationGraph
from shared.investigation.steps.step_context import StepContext
from shared.investigation.stuck import StuckCases
from shared.investigation.waking import Waiting
from shared.stores.postgres import Postgres
from tests.conftest import Database
from tests.integration.investigation.test_graph import alert

LLM_WAIT = timedelta(minutes=15)


class Woken:
    """Notes whom it was asked to wake, of one tenant: the table is everybody's."""

    def __init__(self, tenant: str) -> None:
        self.tenant, self.cases = tenant, list[str]()

    async def __call__(self, case: Waiting) -> None:
        if case.tenant_id == self.tenant:
            self.cases.append(case.investigation_id)


@pytest.fixture
def woken(tenant: str) -> Woken:
    return Woken(tenant)


@pytest.fixture
def stuck(store: Postgres, context: StepContext, graph: InvestigationGraph, woken: Woken) -> StuckCases:
    return StuckCases(store, Approvals(store, context.outbox, woken), graph, llm_wait=LLM_WAIT)


def back_by(database: Database, case: str, column: str, minutes: int) -> None:
    with psycopg.connect(database.owner_url) as owner:
        owner.execute(
            f"UPDATE investigation_state SET {column} = now() - %s WHERE investigation_id = %s".encode(),
            (timedelta(minutes=minutes), case),
        )


async def test_case_without_a_step_for_longer_than_two_waits_for_a_model_is_woken(
    stuck: StuckCases, graph: InvestigationGraph, own_database: Database, woken: Woken, tenant: str
) -> None:
    case = (await graph.open(alert(tenant))).investigation_id
    back_by(own_database, case, "updated_at", 35)
    await stuck.move_on()
    assert woken.cases == []
    back_by(own_database, case, "updated_at", 45)
    await stuck.move_on()
    assert woken.cases == [case]


async def test_case_that_stays_stuck_for_hours_fails_with_the_reason(
    stuck: StuckCases, graph: InvestigationGraph, context: StepContext, own_database: Database, tenant: str
) -> None:
    case = (await graph.open(alert(tenant))).investigation_id
    back_by(own_database, case, "updated_at", 500)
    back_by(own_database, case, "stuck_since", 370)
    await stuck.move_on()
    state = await context.repository.load(tenant, case)
    assert state.state is InvestigationState.FAILED
    assert state.case_facts.error.startswith("no step was made for 500 minutes")


async def test_step_ends_what_was_noticed(
    stuck: StuckCases, graph: InvestigationGraph, own_database: Database, woken: Woken, tenant: str
) -> None:
    case = (await graph.open(alert(tenant))).investigation_id
    back_by(own_database, case, "stuck_since", 370)
    await graph.perform(tenant, case, Step.EXTRACT_IOCS)
    back_by(own_database, case, "updated_at", 45)
    await stuck.move_on()
    assert woken.cases == [case]


async def test_stuck_case_of_a_newer_release_holds_up_no_other(
    stuck: StuckCases, graph: InvestigationGraph, context: StepContext, own_database: Database, tenant: str
) -> None:
    cases = [(await graph.open(alert(tenant, alert_id=f"a-{number}"))).investigation_id for number in range(2)]
    for case in cases:
        back_by(own_database, case, "updated_at", 500)
        back_by(own_database, case, "stuck_since", 370)
    with psycopg.connect(own_database.owner_url) as owner:
        owner.execute(
            """UPDATE investigation_state SET graph_state = jsonb_set(graph_state, '{state}', '"triaging"')
            WHERE investigation_id = %s""",
            (cases[0],),
        )
    await stuck.move_on()
    assert (await context.repository.load(tenant, cases[1])).state is InvestigationState.FAILED
