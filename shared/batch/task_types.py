"""The six kinds of question that may wait (seed §3, Tier 2): their instructions and the schemas of their answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from shared.audit.event import utc_timestamp
from shared.contracts.batch import BatchTask
from shared.contracts.batch_answers import (
    LandscapeSummary,
    PatternProposal,
    PlaybookProposal,
    RedTeamReport,
    Retrospective,
    RuleProposal,
)
from shared.contracts.contract import Contract
from shared.contracts.gateway import GatewayRequest
from shared.contracts.routing import ModelTier
from shared.errors import InvalidInput
from shared.routing.models import TIERS

AGENT = "batch_scheduler"


@dataclass(frozen=True, slots=True)
class TaskType:
    """``answer`` is the schema; nothing that does not fit it is kept."""

    instruction: str
    answer: type[Contract]


TASK_TYPES: Mapping[str, TaskType] = MappingProxyType({
    "fp_pattern_training": TaskType(
        "Analysts closed the alerts of this evidence as false positives. Propose one condition that explains them: the "
        "alert's name as it is, and entities that all of them have, by kind and value, copied from the evidence. Name "
        "no entity that an attacker could choose freely unless another beside it narrows the condition.",
        PatternProposal,
    ),
    "playbook_generation": TaskType(
        "Analysts confirmed the alerts of this evidence as attacks. Propose a playbook: the steps that were taken "
        "again and again, from the listed actions only, and the techniques that call for them.",
        PlaybookProposal,
    ),
    "agent_red_team": TaskType(
        "Say how an attacker who writes alert text could have misled these investigations, and what would prevent it.",
        RedTeamReport,
    ),
    "detection_rule_generation": TaskType(
        "Propose one detection rule for the behaviour in this evidence, with rows on which it must fire and rows on "
        "which it must stay silent.",
        RuleProposal,
    ),
    "retrospective_analysis": TaskType(
        "Look back on these closed cases: what was found, what was missed, what should change.", Retrospective
    ),
    "threat_landscape_summary": TaskType(
        "Summarise which threats these reports and cases show for this organisation now.", LandscapeSummary
    ),
})  # fmt: skip


def batch_task(tenant_id: str, task_type: str, *, user_content: str, metadata: Mapping[str, object]) -> BatchTask:
    """A task of a tenant; the same question has the same id, so that asking twice queues once. Raises InvalidInput."""
    return BatchTask(
        task_id=str(uuid5(NAMESPACE_OID, f"{tenant_id}\n{task_type}\n{user_content}")),
        task_type=task_type,
        system_prompt=_kind(task_type).instruction,
        user_content=user_content,
        model_id=TIERS[ModelTier.TIER_2].model_id,
        metadata=dict(metadata),
        created_at=utc_timestamp(),
    )


def gateway_request(tenant_id: str, task: BatchTask) -> GatewayRequest:
    """The task as the gateway takes it. Raises InvalidInput for a type that is none of the six."""
    return GatewayRequest(
        agent_id=AGENT,
        task_type=task.task_type,
        system_prompt=task.system_prompt,
        user_content=task.user_content,
        output_schema=_schema(task.task_type),
        tenant_id=tenant_id,
    )


@cache
def _schema(task_type: str) -> dict[str, Any]:
    return _kind(task_type).answer.model_json_schema()


def _kind(task_type: str) -> TaskType:
    found = TASK_TYPES.get(task_type)
    if found is None:
        raise InvalidInput("batch task_type", got=task_type, expected=" or ".join(TASK_TYPES))
    return found
