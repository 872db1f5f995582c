"""What a pattern's confidence must be above while not all of the system stands behind it, or its rule drifts."""

import asyncio
from dataclasses import replace

import pytest

from shared.contracts.batch import FPPattern
from shared.contracts.disposition import DispositionName, DispositionReason, DispositionRequest
from shared.contracts.investigation import GraphState, InvestigationState, PatternMatch
from shared.contracts.routing import CircuitState, DegradationLevel, LLMProvider
from shared.gateway.breaker_board import BreakerBoard
from shared.investigation.dispositions import Dispositions, distrust
from shared.investigation.flow import Step
from shared.investigation.graph import InvestigationGraph
from shared.investigation.steps.step_context import StepContext
from shared.knowledge.fp_patterns import FPPatterns, is_drifting
from shared.knowledge.pattern_rows import drift
from shared.stores.postgres import Postgres
from shared.stores.redis import Redis
from tests.integration.investigation.conftest import ScriptedGateway, approved_pattern, host, verdict
from tests.integration.investigation.test_graph import alert

CLOSED, GOES_ON = InvestigationState.CLOSED, InvestigationState.ENRICHING


@pytest.mark.parametrize(
    ("level", "confidence", "ends"),
    [
        (DegradationLevel.FULL_CAPABILITY, 0.93, CLOSED),
        (DegradationLevel.SECONDARY_ACTIVE, 0.93, GOES_ON),
        (DegradationLevel.SECONDARY_ACTIVE, 0.96, CLOSED),
        (DegradationLevel.DETERMINISTIC_ONLY, 1.0, GOES_ON),
    ],
)
async def test_pattern_closes_what_the_level_of_the_models_allows(
    context: StepContext,
    store: Postgres,
    gateway: ScriptedGateway,
    tenant: str,
    level: DegradationLevel,
    confidence: float,
    ends: InvestigationState,
) -> None:
    async def now() -> DegradationLevel:
        return level

    await FPPatterns(store).store(approved_pattern(tenant, confidence=confidence))
    gateway.unavailable = level is not DegradationLevel.FULL_CAPABILITY
    graph = InvestigationGraph(replace(context, model_level=now, llm_wait=context.llm_wait * 0))
    opened = await graph.open(alert(tenant, title="Port scan", severity="low", parsed_entities=host("scanner-3")))
    for step in (Step.EXTRACT_IOCS, Step.CHECK_FALSE_POSITIVE):
        await graph.perform(tenant, opened.investigation_id, step)
    state = await context.repository.load(tenant, opened.investigation_id)
    assert state.state == ends
    if ends is CLOSED:
        assert (state.degradation_level, state.llm_calls) == (level, 0)


async def test_true_positive_among_what_a_rule_dismissed_makes_its_patterns_need_more(
    graph: InvestigationGraph, dispositions: Dispositions, store: Postgres, gateway: ScriptedGateway, tenant: str
) -> None:
    await FPPatterns(store).store(approved_pattern(tenant, confidence=0.93))
    before = await graph.run("alert-1", tenant, host("scanner-3"), "Port scan", "low")
    gateway.verdicts = [verdict("benign_true_positive", 0.9), verdict("benign_true_positive", 0.94)]
    waiting = await graph.run("alert-2", tenant, host("ws-17"), "PORT scan", "low")
    said = DispositionRequest(
        disposition=DispositionName.TRUE_POSITIVE, reason=DispositionReason.CONTAINED_ELSEWHERE, version=waiting.version
    )
    await dispositions.record(tenant, waiting.investigation_id, said, decided_by="senior", permissions=[])
    after = await graph.run("alert-3", tenant, host("scanner-3"), "Port scan", "low")
    assert (before.state, after.state) == (CLOSED, InvestigationState.AWAITING_HUMAN)
    reasons = [entry.reasoning for entry in after.decision_chain]
    assert any("not above 0.95; its rule drifts" in reason for reason in reasons)
    assert "with 0.94, not above 0.95" in reasons[-1]


async def test_attacks_found_at_once_among_what_two_patterns_of_a_rule_dismissed_are_both_recorded(
    store: Postgres, tenant: str
) -> None:
    patterns = [approved_pattern(tenant) for _ in range(2)]
    for pattern in patterns:
        await FPPatterns(store).store(pattern)
    at_once = asyncio.Barrier(2)

    async def found(pattern: FPPattern) -> None:
        match = PatternMatch(pattern_id=pattern.pattern_id, confidence=pattern.confidence, reason="")
        state = GraphState(investigation_id="i-1", tenant_id=tenant, alert_title="Port scan").with_facts(fp_match=match)
        async with store.transaction(tenant) as connection:
            await at_once.wait()
            await distrust(connection, state)

    await asyncio.gather(*map(found, patterns))
    after = [await FPPatterns(store).read(tenant, pattern.pattern_id) for pattern in patterns]
    assert [(is_drifting(pattern), pattern.confidence) for pattern in after] == [(True, 0.873), (True, 0.873)]


@pytest.mark.parametrize(
    ("title", "needs_more"), [("Port scan", True), ("", False), ("Another rule", False)], ids=["fits", "none", "other"]
)
async def test_pattern_with_an_expression_drifts_with_every_rule_that_it_fits(
    store: Postgres, tenant: str, title: str, needs_more: bool
) -> None:
    patterns = FPPatterns(store)
    pattern = approved_pattern(tenant).model_copy(update={"alert_name_regex": "port.scan( .*)?"})
    await patterns.store(pattern)
    async with store.transaction(tenant) as connection:
        await drift(connection, tenant, title)
    assert is_drifting(await patterns.read(tenant, pattern.pattern_id)) is needs_more


@pytest.mark.parametrize(
    ("said", "level"),
    [
        (None, DegradationLevel.FULL_CAPABILITY),
        (CircuitState.CLOSED, DegradationLevel.FULL_CAPABILITY),
        (CircuitState.OPEN, DegradationLevel.DETERMINISTIC_ONLY),
        (CircuitState.HALF_OPEN, DegradationLevel.DETERMINISTIC_ONLY),
    ],
)
async def test_level_is_what_the_instances_say_of_their_breakers(
    redis_url: str, said: CircuitState | None, level: DegradationLevel
) -> None:
    redis = Redis(redis_url)
    board, provider = BreakerBoard(redis), LLMProvider.FOUNDRY
    await board.say(provider, said or CircuitState.CLOSED)
    assert await board.level(provider) == level
    await board.say(provider, CircuitState.CLOSED)
    await redis.close()


async def test_level_that_nobody_can_read_asks_for_more() -> None:
    nowhere = Redis("redis://127.0.0.1:9/0")
    assert await BreakerBoard(nowhere).level(LLMProvider.FOUNDRY) == DegradationLevel.SECONDARY_ACTIVE
    await nowhere.close()
