"""What cannot be gathered for good: the case goes on, says what it lacks, and a person decides (design §4)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.bus.producer import MemoryProducer
from shared.contracts.audit import AuditEvent
from shared.contracts.investigation import GraphState, InvestigationState
from shared.ctem.exposures import Exposures
from shared.errors import InvalidInput, StoreSlow
from shared.hunting.hunter import Hunter
from shared.investigation.agents.context_enricher import ContextEnricherAgent
from shared.investigation.agents.ctem_correlator import CTEMCorrelatorAgent
from shared.investigation.flow import Step
from shared.investigation.graph import InvestigationGraph
from shared.investigation.steps.step_context import StepContext
from shared.knowledge.fp_patterns import FPPatterns
from shared.knowledge.incidents import IncidentMemory
from shared.knowledge.indicators import Indicator, Indicators
from shared.knowledge.risk import RiskSignals
from shared.stores.postgres import Postgres
from shared.stores.redis import Redis
from tests.integration.investigation.conftest import ScriptedGateway, approved_pattern, host, verdict
from tests.integration.investigation.test_graph import SCAN_BY_OUR_SCANNER, alert, drive


class BrokenRisk(RiskSignals):
    async def of(self, tenant_id: str, entities: Sequence[str]) -> Any:
        raise KeyError("investigation_priority")


class BrokenMemory(IncidentMemory):
    async def similar(self, tenant_id: str, **_: Any) -> Any:
        raise InvalidInput("happened_at", got="yesterday", expected="a time")


class BrokenHunter(Hunter):
    def can_ask(self, tenant_id: str) -> bool:
        raise TypeError("a catalogue that nobody can read")


class BrokenExposures(Exposures):
    """Its query is refused by the database, which ends the step's transaction."""

    def __init__(self, store: Postgres) -> None:
        super().__init__(store)
        self._store = store

    async def open_on(self, tenant_id: str, assets: Sequence[str]) -> list[dict[str, Any]]:
        async with self._store.transaction(tenant_id) as connection:
            await connection.execute("SELECT 1 / 0")
        raise AssertionError("the database divides by zero")


class SlowExposures(Exposures):
    async def open_on(self, tenant_id: str, assets: Sequence[str]) -> list[dict[str, Any]]:
        raise StoreSlow("PostgreSQL", "statement timeout")


class BrokenMapper:
    async def execute(self, state: GraphState) -> GraphState:
        raise RuntimeError("no taxonomy")


class BrokenIndicators(Indicators):
    async def lookup(self, values: Sequence[str]) -> dict[str, Indicator]:
        raise KeyError("reputation")


@pytest.fixture
def broken(context: StepContext, store: Postgres, redis_url: str) -> Callable[[str], StepContext]:
    """The steps' tools with one source of context that fails for good."""
    risk, hunter = RiskSignals(store), context.hunter
    memory = context.enricher._incidents  # type: ignore[attr-defined]

    def without(source: str) -> StepContext:
        unread = BrokenMemory(store, memory._qdrant)
        parts: dict[str, dict[str, Any]] = {
            "risk signals": {"enricher": ContextEnricherAgent(BrokenRisk(store), memory, hunter)},
            "similar incidents": {"enricher": ContextEnricherAgent(risk, unread, hunter)},
            "logs": {
                "enricher": ContextEnricherAgent(
                    risk,
                    memory,
                    BrokenHunter(lambda: None, Redis(redis_url), {}, seconds=1),  # type: ignore[arg-type, return-value]
                )
            },
            "exposures": {"correlator": CTEMCorrelatorAgent(BrokenExposures(store))},
            "techniques": {"mapper": BrokenMapper()},
            "reputation of indicators": {"indicators": BrokenIndicators(store, Redis(redis_url))},
        }
        return replace(context, **parts[source])

    return without


SOURCES = ["risk signals", "similar incidents", "logs", "exposures", "techniques", "reputation of indicators"]


@pytest.mark.parametrize("source", SOURCES)
async def test_source_that_fails_for_good_leaves_a_verdict_that_says_so_to_a_person(
    broken: Callable[[str], StepContext],
    store: Postgres,
    gateway: ScriptedGateway,
    bus: MemoryProducer,
    tenant: str,
    source: str,
) -> None:
    await FPPatterns(store).store(approved_pattern(tenant, confidence=0.5))
    gateway.verdicts = [verdict("false_positive", 0.99)]
    graph = InvestigationGraph(broken(source))
    opened = await graph.open(alert(tenant, **SCAN_BY_OUR_SCANNER, parsed_entities=host("scanner-3")))
    state = await drive(graph, opened)
    assert state.state is InvestigationState.AWAITING_HUMAN
    (missing,) = state.case_facts.context_missing
    assert missing.startswith(f"{source}: could not be read")
    assert state.case_facts.why is not None
    assert missing in state.case_facts.why.missing
    assert missing in gateway.requests[-1].user_content
    assert "without all of its context" in state.decision_chain[-1].reasoning
    enriched = [AuditEvent.from_json(message.value) for message in bus.on("audit.events")]
    assert [missing] in [event.context.get("context_missing") for event in enriched]


async def test_what_the_other_sources_say_is_kept(
    broken: Callable[[str], StepContext], store: Postgres, gateway: ScriptedGateway, tenant: str
) -> None:
    gateway.verdicts = [verdict("true_positive", 0.9)]
    graph = InvestigationGraph(broken("exposures"))
    state = await drive(graph, await graph.open(alert(tenant)))
    assert [item["technique_id"] for item in state.atlas_techniques] == ["T1003.001"]
    assert state.risk_state == "no_baseline"
    assert state.ctem_stale  # unknown is not the same as none


async def test_store_that_stays_slow_is_waited_for_and_then_done_without(
    context: StepContext, store: Postgres, gateway: ScriptedGateway, tenant: str
) -> None:
    slow = replace(context, correlator=CTEMCorrelatorAgent(SlowExposures(store)))
    opened = await InvestigationGraph(slow).open(alert(tenant))
    patient = InvestigationGraph(slow)
    for step in (Step.EXTRACT_IOCS, Step.CHECK_FALSE_POSITIVE):
        await patient.perform(tenant, opened.investigation_id, step)
    with pytest.raises(StoreSlow):
        await patient.perform(tenant, opened.investigation_id, Step.CORRELATE_EXPOSURES)
    gateway.verdicts = [verdict("true_positive", 0.9)]
    at_its_end = InvestigationGraph(replace(slow, llm_wait=timedelta(0)))
    state = await drive(at_its_end, opened)
    assert state.state is InvestigationState.AWAITING_HUMAN
    assert state.case_facts.context_missing == ["exposures: could not be read (StoreSlow)"]
