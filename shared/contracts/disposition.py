"""Dispositions: what a person makes of a case with nothing to approve (design §8.16). Each has closed reason codes."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from shared.contracts.contract import Contract
from shared.contracts.investigation import Classification


class DispositionName(StrEnum):
    """What may be said of a case; all but escalate close it."""

    TRUE_POSITIVE = "true_positive"  # an attack, dealt with elsewhere
    BENIGN_TRUE_POSITIVE = "benign_true_positive"
    FALSE_POSITIVE = "false_positive"
    UNDETERMINED = "undetermined"
    ESCALATE = "escalate"


class DispositionReason(StrEnum):
    """Why; those of a closing disposition follow the reasons with which Sentinel closes an incident."""

    CONTAINED_ELSEWHERE = "contained_elsewhere"
    REMEDIATED_ELSEWHERE = "remediated_elsewhere"
    PART_OF_OTHER_CASE = "part_of_other_case"
    EXPECTED_ACTIVITY = "expected_activity"
    SECURITY_TEST = "security_test"
    MAINTENANCE = "maintenance"
    INCORRECT_RULE = "incorrect_rule"
    INACCURATE_DATA = "inaccurate_data"
    INSUFFICIENT_DATA = "insufficient_data"
    SOURCE_UNAVAILABLE = "source_unavailable"
    NEEDS_SENIOR = "needs_senior"
    NEEDS_SPECIALIST = "needs_specialist"


_D, _R = DispositionName, DispositionReason

REASONS: dict[DispositionName, tuple[DispositionReason, ...]] = {
    _D.TRUE_POSITIVE: (_R.CONTAINED_ELSEWHERE, _R.REMEDIATED_ELSEWHERE, _R.PART_OF_OTHER_CASE),
    _D.BENIGN_TRUE_POSITIVE: (_R.EXPECTED_ACTIVITY, _R.SECURITY_TEST, _R.MAINTENANCE),
    _D.FALSE_POSITIVE: (_R.INCORRECT_RULE, _R.INACCURATE_DATA),
    _D.UNDETERMINED: (_R.INSUFFICIENT_DATA, _R.SOURCE_UNAVAILABLE),
    _D.ESCALATE: (_R.NEEDS_SENIOR, _R.NEEDS_SPECIALIST),
}
CLASSIFICATIONS: dict[str, Classification] = {
    _D.TRUE_POSITIVE: Classification.TRUE_POSITIVE,
    _D.BENIGN_TRUE_POSITIVE: Classification.BENIGN_TRUE_POSITIVE,
    _D.FALSE_POSITIVE: Classification.FALSE_POSITIVE,
    _D.UNDETERMINED: Classification.REQUIRES_INVESTIGATION,
}


def final_classification(disposition: str, verdict: str) -> str:
    """What a case turned out to be: a person's word where there is one, else the verdict's classification."""
    return CLASSIFICATIONS.get(disposition, verdict)


class DispositionRequest(Contract):
    """A person's word, as the API takes it. ``version`` is the case's that was read: an answer to an older one is
    refused.
    """

    disposition: DispositionName
    reason: DispositionReason
    comment: str = Field(default="", max_length=2048)
    version: int | None = Field(default=None, ge=0, strict=True)

    @model_validator(mode="after")
    def _reason_belongs_to_it(self) -> Self:
        allowed = REASONS[self.disposition]
        if self.reason not in allowed:
            raise ValueError(f"the reason of {self.disposition} is one of {', '.join(allowed)}; got {self.reason}")
        return self


class Disposition(Contract):
    """A recorded disposition. ``approval_id`` is the request that it answers, empty when it corrects a closed case."""

    disposition_id: str
    investigation_id: str
    approval_id: str
    disposition: DispositionName
    reason: DispositionReason
    comment: str
    decided_by: str
    decided_at: str  # ISO 8601 UTC
