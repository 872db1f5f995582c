"""Further calls of a model: the stronger one a few times an hour, and the choice among playbooks that fit alike."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from shared.contracts.batch import EntityPattern
from shared.contracts.executor import ExecutorConstraints
from shared.contracts.gateway import GatewayRequest, GatewayResponse
from shared.contracts.investigation import GraphState, InvestigationState
from shared.errors import ModelUnavailable
from shared.investigation.agents.playbook_chooser import PlaybookChooserAgent
from shared.investigation.graph import InvestigationGraph
from shared.investigation.repository import MOST_ESCALATIONS, InvestigationRepository
from shared.investigation.steps.step_context import StepContext
from shared.response.playbook_conditions import PlaybookConditions
from shared.response.playbooks import Playbook, Playbooks
from shared.stores.postgres import Postgres
from tests.conftest import Database
from tests.integration.investigation.conftest import ScriptedGateway, verdict
from tests.integration.investigation.test_graph import SCAN_BY_OUR_SCANNER, alert, drive


@dataclass
class Listening(ScriptedGateway):
    """Remembers how sure the answer before was, and answers a choice among playbooks or cannot."""

    previous: list[float | None] = field(default_factory=list)
    chooses: str = ""

    async def complete(self, request: GatewayRequest, **how: Any) -> GatewayResponse:
        if request.task_type == "investigation":
            self.previous.append(how.get("previous_confidence"))
        if request.task_type == "playbook_selection":
            if not self.chooses:
                raise ModelUnavailable("the test took the model away")
            self.verdicts.insert(0, {"playbook_id": self.chooses, "reason": "it fits the evidence"})
        return await super().complete(request, **how)


def case(tenant: str, name: str) -> GraphState:
    return GraphState(investigation_id=name, tenant_id=tenant)


async def test_of_many_cases_at_once_ten_of_a_tenant_ask_the_stronger_model_and_keep_it(
    store: Postgres, tenant: str
) -> None:
    repository = InvestigationRepository(store)
    cases = [case(tenant, f"i-{number}") for number in range(MOST_ESCALATIONS + 5)]
    granted = await asyncio.gather(*map(repository.take_escalation, cases))
    assert sum(granted) == MOST_ESCALATIONS
    assert [await repository.take_escalation(each) for each in cases] == list(granted)
    assert await repository.take_escalation(case(f"{tenant}-other", "i-0"))


async def test_hour_slides(store: Postgres, own_database: Database, tenant: str) -> None:
    repository = InvestigationRepository(store)
    for number in range(MOST_ESCALATIONS):
        assert await repository.take_escalation(case(tenant, f"i-{number}"))
    assert not await repository.take_escalation(case(tenant, "late"))
    async with store.transaction(tenant) as connection:
        await connection.execute(
            "UPDATE escalation_budgets SET taken = taken || '{\"i-0\": 0}' WHERE tenant_id = %s", (tenant,)
        )
    assert await repository.take_escalation(case(tenant, "late"))
    assert not await repository.take_escalation(case(tenant, "later"))


async def test_unsure_case_without_a_call_left_goes_to_a_person_with_the_reason(
    context: StepContext, store: Postgres, tenant: str
) -> None:
    for number in range(MOST_ESCALATIONS):
        await context.repository.take_escalation(case(tenant, f"i-{number}"))
    gateway = Listening([verdict("requires_investigation", 0.4)])
    graph = InvestigationGraph(replace(context, gateway=gateway))
    state = await drive(graph, await graph.open(alert(tenant)))
    assert (state.state, state.llm_calls) == (InvestigationState.AWAITING_HUMAN, 2)
    assert "no call of the stronger model is left this hour" in state.decision_chain[-1].reasoning


async def test_answer_that_is_unsure_in_words_alone_asks_the_stronger_model(context: StepContext, tenant: str) -> None:
    in_words = verdict("true_positive", 0.9) | {"reasoning_chain": ["The evidence is ambiguous."]}
    gateway = Listening([in_words, verdict("true_positive", 0.95)])
    graph = InvestigationGraph(replace(context, gateway=gateway))
    await drive(graph, await graph.open(alert(tenant)))
    assert gateway.previous == [None, 0.0]  # under 0.6, from where the router goes to the stronger tier


@pytest.fixture
async def tied(own_database: Database) -> list[str]:
    """Two playbooks that fit nothing else, and equally well."""
    names = ["pb-sink-a", "pb-sink-b"]
    owner = Postgres(own_database.owner_url)
    for name in names:
        await Playbooks(owner).store(
            Playbook(
                playbook_id=name,
                title="Cut off",
                mitre_techniques=["T1572"],
                actions=["isolate_host"],
                approved_by="lead",
            )
        )
    await owner.close()
    return names


@pytest.mark.parametrize(
    ("chooses", "first", "calls"),
    [("pb-sink-b", "pb-sink-b", 3), ("", "pb-sink-a", 2)],
    ids=["as the model says", "by id without one"],
)
async def test_tie_between_playbooks_is_broken(
    context: StepContext, store: Postgres, tied: list[str], tenant: str, chooses: str, first: str, calls: int
) -> None:
    gateway = Listening([verdict("true_positive", 0.9, ("isolate_host", "ws-17"))], chooses=chooses)
    chooser = PlaybookChooserAgent(gateway, Playbooks(store))
    graph = InvestigationGraph(replace(context, gateway=gateway, chooser=chooser))
    state = await drive(graph, await graph.open(alert(tenant, techniques=["T1572"])))
    assert [match["playbook_id"] for match in state.playbook_matches] == [first, *(set(tied) - {first})]
    assert state.llm_calls == calls
    assert state.state is InvestigationState.AWAITING_HUMAN
    if chooses:
        asked = next(request for request in gateway.requests if request.task_type == "playbook_selection")
        assert asked.output_schema is not None
        assert asked.output_schema["properties"]["playbook_id"]["enum"] == tied


@pytest.fixture
async def harmless(own_database: Database) -> None:
    """Two playbooks that fit nothing else, and equally well; their conditions hold for any port scan of ws-17."""
    owner = Postgres(own_database.owner_url)
    conditions = PlaybookConditions(
        products=["Scanner"], rules=["Port scan"], entities=[EntityPattern(type="host", value_regex="ws-17")]
    )
    for name in ("pb-note-a", "pb-note-b"):
        note = Playbook(playbook_id=name, title="Note", mitre_techniques=["T1592"], actions=["add_comment"])
        await Playbooks(owner).store(note.model_copy(update={"conditions": conditions, "approved_by": "lead"}))
    await owner.close()


@pytest.mark.parametrize(
    ("may_act", "ends"),
    [
        ({"pb-note-b"}, InvestigationState.AWAITING_HUMAN),
        ({"pb-note-a", "pb-note-b"}, InvestigationState.CLOSED),
    ],
    ids=["one of them", "each of them"],
)
async def test_model_chooses_who_acts_alone_among_those_that_may(
    context: StepContext, store: Postgres, harmless: None, tenant: str, may_act: set[str], ends: InvestigationState
) -> None:
    gateway = Listening([verdict("true_positive", 0.9, ("add_comment", "alert-1"))], chooses="pb-note-b")
    chooser = PlaybookChooserAgent(gateway, Playbooks(store))
    limits = ExecutorConstraints(allowlisted_playbooks=frozenset(may_act))
    graph = InvestigationGraph(replace(context, gateway=gateway, chooser=chooser, constraints=limits))
    scan = SCAN_BY_OUR_SCANNER | {"techniques": ["T1592"], "tactics": []}
    state = await drive(graph, await graph.open(alert(tenant, **scan)))
    assert (state.state, state.case_facts.chosen_playbook) == (ends, "pb-note-b")
