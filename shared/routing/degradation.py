"""Degradation levels as data (spec/llm §12): which one a verdict carries and what each one forbids."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from shared.contracts.gateway import APICallMetrics
from shared.contracts.routing import DegradationLevel, LLMProvider

QUEUE_CONCURRENCY = MappingProxyType({"critical": 8, "high": 4, "normal": 2, "low": 1})  # calls at once, per queue


@dataclass(frozen=True)
class Permissions:
    """What a level allows. Nothing closes by itself unless its confidence is strictly above ``auto_close_above``."""

    auto_close_above: float
    model_calls: bool = False
    strongest_tier: bool = False
    extended_thinking: bool = False


PERMISSIONS = MappingProxyType(
    {
        DegradationLevel.FULL_CAPABILITY: Permissions(
            0.85, model_calls=True, strongest_tier=True, extended_thinking=True
        ),
        DegradationLevel.SECONDARY_ACTIVE: Permissions(0.95, model_calls=True),
        DegradationLevel.DETERMINISTIC_ONLY: Permissions(1.0),
        DegradationLevel.PASSTHROUGH: Permissions(1.0),
    }
)


def verdict_level(metrics: APICallMetrics | None, *, primary: LLMProvider) -> DegradationLevel:
    """The level of a verdict, from the call that it rests on; without a successful call it is deterministic."""
    if metrics is None or not metrics.success:
        return DegradationLevel.DETERMINISTIC_ONLY
    return DegradationLevel.FULL_CAPABILITY if metrics.provider == primary else DegradationLevel.SECONDARY_ACTIVE


def may_auto_close(level: DegradationLevel, confidence: float) -> bool:
    """Whether a confidence (0 to 1) is high enough at this level; 1.0 is never above 1.0."""
    return confidence > PERMISSIONS[level].auto_close_above
