"""LLMRouter: the override chain of seed §3 and spec/llm §11, step by step. Pure: it reads breakers and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from shared.contracts.routing import (
    DegradationLevel,
    LLMProvider,
    ModelConfig,
    ModelTier,
    RoutingDecision,
    TaskCapabilities,
    TaskContext,
)
from shared.errors import ConfigurationError
from shared.routing.circuit_breaker import CircuitBreaker
from shared.routing.degradation import PERMISSIONS
from shared.routing.models import TIERS, model_at
from shared.routing.tasks import task_profile

TIGHT_BUDGET_SECONDS = 3
LARGE_CONTEXT_TOKENS = 100_000
LOW_CONFIDENCE = 0.6
ESCALATED_SEVERITIES = frozenset({"critical", "high"})
# Claude models from Sonnet 5 on take the default only; it is decided here and never sent.
TEMPERATURE = 1.0
STRENGTH = {ModelTier.TIER_0: 0, ModelTier.TIER_1: 1, ModelTier.TIER_1_PLUS: 2}  # the batch tier is off the scale

log = logging.getLogger(__name__)


class LLMRouter:
    """Chooses tier and model. ``breakers`` names the providers in order of preference; the first is the primary."""

    def __init__(self, breakers: Mapping[LLMProvider, CircuitBreaker]) -> None:
        if not breakers:
            raise ConfigurationError("LLMRouter: no model provider is configured; give at least one breaker")
        self._breakers = breakers
        self.primary = next(iter(breakers))

    def route(self, ctx: TaskContext) -> RoutingDecision:
        """Decide how one call is made. Never fails: without a healthy provider the level is deterministic_only."""
        profile = task_profile(ctx.task_type)
        tier, reasons = _choose_tier(ctx, profile.tier)
        _log_missing_capabilities(ctx, profile.needs, model_at(self.primary, tier))
        provider, level = self._healthy_provider(tier)
        if level is not DegradationLevel.FULL_CAPABILITY:
            reasons.append(f"health: {self.primary} is not available, {level}")
        allowed = PERMISSIONS[level]
        if level is DegradationLevel.SECONDARY_ACTIVE and tier is ModelTier.TIER_1_PLUS:
            tier = ModelTier.TIER_1
            reasons.append("health: tier_1+ has no fallback, tier_1 and a human instead")
        model = model_at(provider, tier)
        thinks = profile.needs.requires_extended_thinking or tier is ModelTier.TIER_1_PLUS
        return RoutingDecision(
            tier=tier,
            model_config=model,
            max_tokens=TIERS[tier].max_tokens,
            temperature=TEMPERATURE,
            use_extended_thinking=thinks and model.supports_extended_thinking and allowed.extended_thinking,
            use_prompt_caching=model.supports_prompt_caching,
            reason="; ".join(reasons),
            fallback_configs=self._fallbacks(tier, provider),
            degradation_level=level,
        )

    def _healthy_provider(self, tier: ModelTier) -> tuple[LLMProvider, DegradationLevel]:
        """Step 7. A batch waits for its own provider: Tier 2 has no fallback."""
        if self._breakers[self.primary].is_available:
            return self.primary, DegradationLevel.FULL_CAPABILITY
        for provider, breaker in self._breakers.items():
            if tier is not ModelTier.TIER_2 and breaker.is_available:
                return provider, DegradationLevel.SECONDARY_ACTIVE
        return self.primary, DegradationLevel.DETERMINISTIC_ONLY

    def _fallbacks(self, tier: ModelTier, selected: LLMProvider) -> list[ModelConfig]:
        """Step 8: the tier's other models, without the selected one; none for Tier 1+ and Tier 2."""
        if tier in {ModelTier.TIER_1_PLUS, ModelTier.TIER_2}:
            return []
        return [model_at(provider, tier) for provider in self._breakers if provider is not selected]


def _choose_tier(ctx: TaskContext, base: ModelTier) -> tuple[ModelTier, list[str]]:
    """Steps 1 to 5. Time budget beats severity; context size and escalation beat time budget."""
    tier, reasons = base, [f"base: {ctx.task_type} is {base}"]
    hurried = ctx.time_budget_seconds < TIGHT_BUDGET_SECONDS
    if hurried:
        tier = ModelTier.TIER_0
        reasons.append(f"time budget: {ctx.time_budget_seconds} s is under {TIGHT_BUDGET_SECONDS} s, {tier}")
    critical_reasoning = ctx.alert_severity == "critical" and ctx.requires_reasoning
    if critical_reasoning and not hurried and _is_below(tier, ModelTier.TIER_1):
        tier = ModelTier.TIER_1
        reasons.append(f"severity: critical reasoning is at least {tier}")
    if ctx.context_tokens > LARGE_CONTEXT_TOKENS and tier is ModelTier.TIER_0:
        tier = ModelTier.TIER_1
        reasons.append(f"context: {ctx.context_tokens} tokens are over {LARGE_CONTEXT_TOKENS}, {tier}")
    unsure = ctx.previous_confidence is not None and ctx.previous_confidence < LOW_CONFIDENCE
    if unsure and ctx.alert_severity in ESCALATED_SEVERITIES:
        tier = ModelTier.TIER_1_PLUS
        reasons.append(f"escalation: confidence {ctx.previous_confidence} is under {LOW_CONFIDENCE}, {tier}")
    return tier, reasons


def _is_below(tier: ModelTier, other: ModelTier) -> bool:
    return tier in STRENGTH and STRENGTH[tier] < STRENGTH[other]


def _log_missing_capabilities(ctx: TaskContext, needs: TaskCapabilities, model: ModelConfig) -> None:
    """Step 6: say what the model lacks for the task; the tier stays."""
    missing = [
        name
        for name, lacks in (
            ("tool use", needs.requires_tool_use and not model.supports_tool_use),
            ("extended thinking", needs.requires_extended_thinking and not model.supports_extended_thinking),
            (f"{ctx.context_tokens} tokens of context", ctx.context_tokens > model.max_context_tokens),
        )
        if lacks
    ]
    if missing:
        log.warning("%s is asked of %s, which lacks %s.", ctx.task_type, model.model_id, ", ".join(missing))
