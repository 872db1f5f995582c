"""Degradation levels as data (spec/llm §12): which one a verdict carries and what each one forbids."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from shared.contracts.routing import DegradationLevel

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
