"""What the router is asked and what it decides (seed §3, spec/data-model §4.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from shared.contracts.contract import Contract


class ModelTier(StrEnum):
    """Strength of model: 0 < 1 < 1+; 2 is the batch tier and stands off that scale."""

    TIER_0 = "tier_0"
    TIER_1 = "tier_1"
    TIER_1_PLUS = "tier_1+"
    TIER_2 = "tier_2"


class LLMProvider(StrEnum):
    """Where Claude is served. `simulated` is the local stand-in and is named wherever it shows."""

    ANTHROPIC = "anthropic"
    FOUNDRY = "foundry"
    SIMULATED = "simulated"


class DegradationLevel(StrEnum):
    """How much of the system stands behind an answer, best first (spec/llm §12)."""

    FULL_CAPABILITY = "full_capability"
    SECONDARY_ACTIVE = "secondary_active"
    DETERMINISTIC_ONLY = "deterministic_only"
    PASSTHROUGH = "passthrough"


class CircuitState(StrEnum):
    """State of a circuit breaker."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class ModelConfig(Contract):
    """One model at one provider. Prices are USD per million tokens."""

    provider: LLMProvider
    model_id: str
    max_context_tokens: int
    cost_per_mtok_input: float
    cost_per_mtok_output: float
    supports_extended_thinking: bool
    supports_tool_use: bool
    supports_prompt_caching: bool
    batch_eligible: bool


class TaskContext(Contract):
    """What the router knows about a call before it is made."""

    task_type: str
    context_tokens: int = 0
    time_budget_seconds: int = 30
    alert_severity: str = "medium"
    tenant_tier: str = "standard"
    requires_reasoning: bool = False
    previous_confidence: float | None = None


class TaskCapabilities(Contract):
    """What a task needs of a model."""

    requires_tool_use: bool = False
    requires_json_reliability: bool = True
    max_context_tokens: int = 8192
    latency_slo_seconds: int = 30
    requires_extended_thinking: bool = False


@dataclass(frozen=True)
class RoutingDecision:
    """The router's answer. A dataclass, because the seed's field name `model_config` is reserved in pydantic."""

    tier: ModelTier
    model_config: ModelConfig
    max_tokens: int
    temperature: float
    use_extended_thinking: bool
    use_prompt_caching: bool
    reason: str
    fallback_configs: list[ModelConfig] = field(default_factory=list)
    degradation_level: str = DegradationLevel.FULL_CAPABILITY
