"""Approvals: one person's decision about one exact list of actions (design §4, §8.16)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, computed_field

from shared.contracts.action import Action
from shared.contracts.contract import Contract

APPROVAL_TIMEOUT_HOURS = 4  # seed §4
MOST_ACTIONS = 100

Place = Annotated[int, Field(strict=True, ge=0, lt=MOST_ACTIONS)]  # of an action in an approval's list


class ApprovalStatus(StrEnum):
    """Life of an approval; every status but pending is final."""

    PENDING = "pending"
    GRANTED = "granted"
    PARTLY_GRANTED = "partly_granted"  # a release that does not know it would run every action that was asked for
    DENIED = "denied"
    TIMED_OUT = "timed_out"
    SUPERSEDED = "superseded"  # the case began anew before anyone answered
    DISPOSED = "disposed"  # there was nothing to approve: the answer is a disposition


GRANTS = frozenset({ApprovalStatus.GRANTED, ApprovalStatus.PARTLY_GRANTED})


class ApprovalClass(StrEnum):
    """What a grant would allow, for who may give it (spec/security-and-audit §10)."""

    HARMLESS = "harmless"  # response tier 1, which waits only because nothing allows it without a person
    CONTAINMENT = "containment"  # response tier 2
    PROTECTED = "protected"  # response tier 2 on a protected target


# How many different people must grant an action of the class. Their roles are in shared/access/permissions.py.
PERSONS = {ApprovalClass.HARMLESS: 1, ApprovalClass.CONTAINMENT: 1, ApprovalClass.PROTECTED: 2}


class Approval(Contract):
    """What is asked of a person. ``actions_hash`` binds the answer to exactly these actions; times are ISO 8601 UTC.

    Once granted, ``actions`` are the granted ones, and those that were asked for and not granted are
    ``denied_actions``. ``protected`` says of a target why no grant of everything includes it.
    """

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
    denied_actions: list[Action] = Field(default_factory=list)
    protected: dict[str, str] = Field(default_factory=dict)
    requested_by: str = ""  # the person who asked again; empty when the investigation asks
    first_granted_by: str | None = None  # the first of two persons
    first_granted_hash: str | None = None  # of the actions that the first one granted
    escalated_at: str | None = None  # when it went to the next reviewer

    @computed_field  # type: ignore[prop-decorator]  # pydantic's documented form
    @property
    def asks_for(self) -> Literal["actions", "disposition"]:
        """A case with nothing to approve asks for a disposition."""
        return "actions" if self.actions or self.denied_actions else "disposition"

    def persons_for(self, actions: list[Action]) -> int:
        """How many different people must grant these actions."""
        return max((PERSONS[self._class(action)] for action in actions), default=1)

    def _class(self, action: Action) -> ApprovalClass:
        if action.target in self.protected:
            return ApprovalClass.PROTECTED
        return ApprovalClass.CONTAINMENT if action.destructive else ApprovalClass.HARMLESS


class ApprovalDecision(Contract):
    """A person's answer, as the API takes it.

    ``granted`` names actions by their positions in the approval's list, from 0; the others are denied. Left out, a
    grant is of every action. ``actions_hash`` is the hash of the granted actions; of a denial, of all that were shown.
    """

    approved: bool = Field(strict=True)  # true or false; "yes" or 1 is not an answer
    actions_hash: str = Field(min_length=64, max_length=64)
    granted: list[Place] | None = Field(default=None, min_length=1, max_length=MOST_ACTIONS)
    comment: str = Field(default="", max_length=2048)
