"""Batch work and what comes of it (seed §8, spec/data-model §4.3)."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field

from shared.contracts.contract import Contract
from shared.contracts.tenant import TenantId


class BatchJobStatus(StrEnum):
    """Life of a batch at the provider."""

    PENDING = "pending"
    SUBMITTED = "submitted"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    EXPIRED = "expired"


class BatchTask(Contract):
    """One question that may wait a day."""

    task_id: str
    task_type: str
    system_prompt: str
    user_content: str
    model_id: str
    max_tokens: int = 16384
    metadata: dict[str, Any] = Field(default_factory=dict)
    created_at: str


class BatchJob(Contract):
    """One submitted batch. ``task_count`` is derived."""

    job_id: str
    batch_api_id: str | None = None
    status: BatchJobStatus = BatchJobStatus.PENDING
    tasks: list[BatchTask] = Field(default_factory=list)
    submitted_at: str | None = None
    completed_at: str | None = None
    results: list[dict[str, Any]] = Field(default_factory=list)
    error_count: int = 0
    success_count: int = 0
    total_cost_usd: float = 0.0
    created_at: str

    @property
    def task_count(self) -> int:
        """Number of tasks in the batch."""
        return len(self.tasks)


class FPPatternStatus(StrEnum):
    """Life of a false-positive pattern; only `approved` and `active` ones may close an alert."""

    PENDING_REVIEW = "pending_review"
    SHADOW = "shadow"
    APPROVED = "approved"
    ACTIVE = "active"
    DEPRECATED = "deprecated"
    EXPIRED = "expired"
    REVOKED = "revoked"


class EntityPattern(Contract):
    """An entity that must be present: its type and an RE2 expression that its whole value must match."""

    type: str
    value_regex: str = Field(max_length=512)


class FPPattern(Contract):
    """A known false positive: which alert, which entities, who approved it and until when."""

    pattern_id: str
    alert_name: str
    alert_name_regex: str = ""
    entity_patterns: list[EntityPattern] = Field(default_factory=list)
    severity: str = ""
    confidence: float = Field(ge=0, le=1)
    status: FPPatternStatus
    approved_by: str | None = None
    approved_by_1: str | None = None
    approved_by_2: str | None = None
    approval_date: str | None = None
    expiry_date: str | None = None
    reaffirmed_date: str | None = None
    reaffirmed_by: str | None = None
    reason: str = ""
    false_positive_count: int = 0
    drifting_until: str = ""  # ISO 8601: until then a person's true positive under the same rule asks for more
    scope_rule_family: str = ""
    scope_tenant_id: TenantId
    scope_asset_class: str = ""
    source_investigations: list[str] = Field(default_factory=list)
    created_at: str
    updated_at: str


class PlaybookDraft(Contract):
    """A playbook proposed by a batch; nothing in it runs before a person approves it."""

    playbook_id: str
    name: str
    description: str
    tactics: list[str] = Field(default_factory=list)
    techniques: list[str] = Field(default_factory=list)
    remediation_steps: list[str] = Field(default_factory=list)
    confidence: float = Field(ge=0, le=1)
    source_investigations: list[str] = Field(default_factory=list)
    status: str = "draft"
    created_at: str


class ProposedPlaybook(Contract):
    """The message on `playbooks.draft`: a draft, and whose cases it was made of."""

    tenant_id: TenantId
    draft: PlaybookDraft
