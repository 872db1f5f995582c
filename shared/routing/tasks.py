"""The 18 task types: their base tier and what they need of a model (seed §3, spec/llm §10)."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from shared.contracts.routing import ModelTier, TaskCapabilities

DAY_SECONDS = 86_400
SLO_SECONDS = {ModelTier.TIER_0: 3, ModelTier.TIER_1: 30, ModelTier.TIER_2: DAY_SECONDS}


@dataclass(frozen=True)
class TaskProfile:
    """Where a task starts and what it needs."""

    tier: ModelTier
    needs: TaskCapabilities


def _task(
    tier: ModelTier, context_tokens: int, *, json: bool = True, tools: bool = False, thinks: bool = False
) -> TaskProfile:
    return TaskProfile(
        tier,
        TaskCapabilities(
            requires_tool_use=tools,
            requires_json_reliability=json,
            max_context_tokens=context_tokens,
            latency_slo_seconds=SLO_SECONDS[tier],
            requires_extended_thinking=thinks,
        ),
    )


TASKS = MappingProxyType(
    {
        "ioc_extraction": _task(ModelTier.TIER_0, 4_096),
        "entity_normalisation": _task(ModelTier.TIER_0, 4_096),
        "fp_suggestion": _task(ModelTier.TIER_0, 4_096),
        "alert_classification": _task(ModelTier.TIER_0, 4_096),
        "severity_assessment": _task(ModelTier.TIER_0, 4_096),
        "log_summarisation": _task(ModelTier.TIER_0, 8_192, json=False),
        "investigation": _task(ModelTier.TIER_1, 100_000, tools=True, thinks=True),
        "attack_path_analysis": _task(ModelTier.TIER_1, 100_000, tools=True, thinks=True),
        "ctem_correlation": _task(ModelTier.TIER_1, 50_000, tools=True, thinks=True),
        "atlas_reasoning": _task(ModelTier.TIER_1, 50_000, tools=True, thinks=True),
        "playbook_selection": _task(ModelTier.TIER_1, 50_000, tools=True),
        "incident_report": _task(ModelTier.TIER_1, 50_000),
        "fp_pattern_training": _task(ModelTier.TIER_2, 200_000),
        "retrospective_analysis": _task(ModelTier.TIER_2, 200_000),
        "threat_landscape_summary": _task(ModelTier.TIER_2, 200_000, json=False),
        "playbook_generation": _task(ModelTier.TIER_2, 100_000, tools=True),
        "detection_rule_generation": _task(ModelTier.TIER_2, 100_000, tools=True),
        "agent_red_team": _task(ModelTier.TIER_2, 200_000, tools=True),
    }
)

UNKNOWN_TASK = TaskProfile(ModelTier.TIER_1, TaskCapabilities())


def task_profile(task_type: str) -> TaskProfile:
    """The profile of a task type; an unknown one is Tier 1."""
    return TASKS.get(task_type, UNKNOWN_TASK)
