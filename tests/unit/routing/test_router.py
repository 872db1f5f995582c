"""The override chain and its boundaries (spec/llm §11)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.routing import DegradationLevel, LLMProvider, ModelTier, TaskContext
from shared.errors import ConfigurationError
from shared.routing.circuit_breaker import CircuitBreaker
from shared.routing.router import LLMRouter
from shared.routing.tasks import TASKS

SEVERITIES = st.sampled_from(["critical", "high", "medium", "low", "informational", "odd"])


def open_breaker() -> CircuitBreaker:
    breaker = CircuitBreaker(clock=lambda: 0.0)
    for _ in range(5):
        breaker.record_failure()
    return breaker


def router(*, anthropic: CircuitBreaker | None = None, foundry: CircuitBreaker | None = None) -> LLMRouter:
    breakers = {LLMProvider.ANTHROPIC: anthropic or CircuitBreaker()}
    return LLMRouter(breakers | ({LLMProvider.FOUNDRY: foundry} if foundry else {}))


def tier_of(**context: object) -> ModelTier:
    return router().route(TaskContext.model_validate(context)).tier


def test_task_map_holds_the_18_types_of_the_seed() -> None:
    tiers = [profile.tier for profile in TASKS.values()]
    assert [tiers.count(tier) for tier in (ModelTier.TIER_0, ModelTier.TIER_1, ModelTier.TIER_2)] == [6, 6, 6]


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({"task_type": "ioc_extraction"}, ModelTier.TIER_0),
        ({"task_type": "never heard of"}, ModelTier.TIER_1),
        ({"task_type": "investigation", "time_budget_seconds": 2}, ModelTier.TIER_0),
        ({"task_type": "investigation", "time_budget_seconds": 3}, ModelTier.TIER_1),
        ({"task_type": "fp_suggestion", "alert_severity": "critical", "requires_reasoning": True}, ModelTier.TIER_1),
        ({"task_type": "fp_suggestion", "alert_severity": "critical"}, ModelTier.TIER_0),
        ({"task_type": "fp_suggestion", "alert_severity": "high", "requires_reasoning": True}, ModelTier.TIER_0),
        ({"task_type": "ioc_extraction", "context_tokens": 100_000}, ModelTier.TIER_0),
        ({"task_type": "ioc_extraction", "context_tokens": 100_001}, ModelTier.TIER_1),
        ({"task_type": "investigation", "alert_severity": "high", "previous_confidence": 0.6}, ModelTier.TIER_1),
        ({"task_type": "investigation", "alert_severity": "high", "previous_confidence": 0.59}, ModelTier.TIER_1_PLUS),
        ({"task_type": "investigation", "alert_severity": "medium", "previous_confidence": 0.1}, ModelTier.TIER_1),
    ],
)
def test_route_at_a_boundary_gives_the_tier_of_the_specification(context: dict[str, object], expected: str) -> None:
    assert tier_of(**context) == expected


def test_route_with_a_tight_budget_beats_a_critical_severity() -> None:
    hurried = {"task_type": "investigation", "time_budget_seconds": 2, "alert_severity": "critical"}
    assert tier_of(**hurried, requires_reasoning=True) is ModelTier.TIER_0
    assert tier_of(**hurried, context_tokens=100_001) is ModelTier.TIER_1
    assert tier_of(**hurried, previous_confidence=0.2) is ModelTier.TIER_1_PLUS


def test_route_never_makes_a_batch_task_live_by_severity() -> None:
    assert tier_of(task_type="agent_red_team", alert_severity="critical", requires_reasoning=True) is ModelTier.TIER_2


@given(
    st.sampled_from([*TASKS, "unknown"]),
    st.integers(0, 200_000),
    st.integers(0, 60),
    SEVERITIES,
    st.booleans(),
    st.none() | st.floats(0, 1),
)
def test_route_of_any_task_keeps_the_order_of_the_chain(
    task: str, tokens: int, budget: int, severity: str, reasoning: bool, confidence: float | None
) -> None:
    context = TaskContext(
        task_type=task,
        context_tokens=tokens,
        time_budget_seconds=budget,
        alert_severity=severity,
        requires_reasoning=reasoning,
        previous_confidence=confidence,
    )
    decision = router().route(context)
    if confidence is not None and confidence < 0.6 and severity in {"critical", "high"}:
        assert decision.tier is ModelTier.TIER_1_PLUS
    elif budget < 3:
        assert decision.tier is (ModelTier.TIER_1 if tokens > 100_000 else ModelTier.TIER_0)
    elif tokens > 100_000:
        assert decision.tier is not ModelTier.TIER_0
    assert decision == router().route(context)


def test_route_with_the_primary_open_takes_the_secondary_without_thinking() -> None:
    decision = router(anthropic=open_breaker(), foundry=CircuitBreaker()).route(TaskContext(task_type="investigation"))
    assert decision.model_config.provider is LLMProvider.FOUNDRY
    assert decision.degradation_level == DegradationLevel.SECONDARY_ACTIVE
    assert not decision.use_extended_thinking
    assert [model.provider for model in decision.fallback_configs] == [LLMProvider.ANTHROPIC]


def test_route_of_an_escalation_with_the_primary_open_drops_to_tier_1() -> None:
    context = TaskContext(task_type="investigation", alert_severity="critical", previous_confidence=0.1)
    decision = router(anthropic=open_breaker(), foundry=CircuitBreaker()).route(context)
    assert decision.tier is ModelTier.TIER_1


def test_route_with_no_healthy_provider_keeps_the_primary_and_says_deterministic() -> None:
    decision = router(anthropic=open_breaker(), foundry=open_breaker()).route(TaskContext(task_type="investigation"))
    assert decision.model_config.provider is LLMProvider.ANTHROPIC
    assert decision.degradation_level == DegradationLevel.DETERMINISTIC_ONLY


def test_route_of_a_batch_has_no_fallback_and_no_cache_marks() -> None:
    decision = router(foundry=CircuitBreaker()).route(TaskContext(task_type="agent_red_team"))
    assert decision.fallback_configs == []
    assert not decision.use_prompt_caching


def test_router_without_a_provider_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no model provider"):
        LLMRouter({})
