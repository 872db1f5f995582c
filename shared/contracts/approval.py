"""Approvals: one person's decision about one exact list of actions (design §4)."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from shared.contracts.action import Action
from shared.contracts.contract import Contract

APPROVAL_TIMEOUT_HOURS = 4  # seed §4


class ApprovalStatus(StrEnum):
    """Life of an approval; every status but pending is final."""

    PENDING = "pending"
    GRANTED = "granted"
    DENIED = "denied"
    TIMED_OUT = "timed_out"
    SUPERSEDED = "superseded"  # the case began anew before anyone answered


class Approval(Contract):
    """What is asked of a person. ``actions_hash`` binds the answer to exactly these actions; times are ISO 8601 UTC."""

    approval_id: str
    investigation_id: str
    tenant_id: str
    actions: list[Action]
    actions_hash: str
    reason: str
    status: ApprovalStatus = ApprovalStatus.PENDING
    requested_at: str
    expires_at: str
    decided_at: str | None = None
    decided_by: str | None = None
    comment: str = ""


class ApprovalDecision(Contract):
    """A person's answer, as the API takes it. The caller must repeat the hash of the actions that were shown."""

    approved: bool = Field(strict=True)  # true or false; "yes" or 1 is not an answer
    actions_hash: str = Field(min_length=64, max_length=64)
    comment: str = Field(default="", max_length=2048)
