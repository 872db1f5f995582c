"""docs/sample-verdicts.md states what the samples get, each investigated with logs, knowledge and simulated model."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from local.demo.knowledge import KNOWLEDGE
from local.samples import SAMPLES
from local.samples.logs import WORKSPACE
from local.services.site import CHECKOUT
from local.services.stack import ALLOWLISTED_PLAYBOOKS
from shared.contracts.batch import FPPattern
from shared.contracts.executor import ExecutorConstraints
from shared.contracts.exposure import CTEMExposure
from shared.contracts.investigation import GraphState, InvestigationState
from shared.ctem.exposures import Exposures
from shared.investigation.agents.context_enricher import ContextEnricherAgent
from shared.investigation.steps.step_context import StepContext
from shared.knowledge.fp_patterns import FPPatterns
from shared.knowledge.incidents import Incident, IncidentMemory
from shared.knowledge.indicators import Indicator
from shared.knowledge.risk import RiskSignals
from shared.response.playbooks import Playbook, Playbooks
from shared.stores.postgres import Postgres
from tests.conftest import Database
from tests.integration.investigation.test_log_questions import alert_of, investigated
from tests.integration.vectors import own_qdrant

PAGE = CHECKOUT / "docs" / "sample-verdicts.md"
WITHOUT_A_VERDICT = {"malformed", "missing-tenant", "duplicates-and-heartbeat"}  # dead letters, and a repetition
KNOWN = json.loads(KNOWLEDGE.read_text())


@pytest.fixture(scope="module")
def own_database(database: Callable[[str], Database]) -> Database:
    return database("sample_verdicts")


@pytest.fixture(scope="module")
async def store(own_database: Database) -> AsyncIterator[Postgres]:
    own, owner = Postgres(own_database.url), Postgres(own_database.owner_url)
    for playbook in KNOWN["playbooks"]:
        await Playbooks(owner).store(Playbook.model_validate(playbook))
    for pattern in KNOWN["fp_patterns"]:
        await FPPatterns(own).store(FPPattern.model_validate(pattern))
    for exposure in KNOWN["ctem_exposures"]:
        await Exposures(own).store(CTEMExposure.model_validate(exposure))
    for signal in KNOWN["risk_signals"]:
        await RiskSignals(own).record(
            signal["tenant_id"],
            entity_id=signal["entity_id"],
            priority=signal["investigation_priority"],
            source=signal["source"],
            observed_at=datetime.now(UTC),
        )
    await owner.close()
    yield own
    await own.close()


@pytest.fixture
def tenant() -> str:
    return WORKSPACE


def row_of(state: GraphState) -> list[str]:
    """What the page states of a case: the verdict, what happens, and what is proposed beyond harmless steps."""
    wanted = [f"{item.action} {item.target}" for item in state.recommended_actions if item.destructive]
    return [
        (state.classification or "").replace("_", " "),
        f"{state.confidence:.2f}",
        state.severity,
        "waits for a person" if state.state is InvestigationState.AWAITING_HUMAN else "closes by itself",
        ", ".join(wanted).replace("northlight.example", "…") or "none",
    ]


def stated() -> dict[str, list[str]]:
    """The page's table without the analyst's opinion."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0].strip("`"): row[1:6] for row in cells}


async def test_page_states_what_each_sample_gets(simulated: StepContext, store: Postgres) -> None:
    qdrant = own_qdrant()
    memory = IncidentMemory(store, qdrant)
    enricher = ContextEnricherAgent(RiskSignals(store), memory, simulated.hunter)
    allowed = ExecutorConstraints(allowlisted_playbooks=frozenset(ALLOWLISTED_PLAYBOOKS))
    context = replace(simulated, enricher=enricher, constraints=allowed)
    for indicator in KNOWN["threat_intel_iocs"]:
        await context.indicators.learn(Indicator.model_validate(indicator))
    for incident in KNOWN["incidents"]:
        await memory.learn(Incident.model_validate(incident))
    names = sorted({path.stem for path in SAMPLES.glob("*.json")} - WITHOUT_A_VERDICT)
    cases = {name: row_of(await investigated(context, alert_of(name, WORKSPACE))) for name in names}
    await qdrant.close()
    assert stated() == cases
