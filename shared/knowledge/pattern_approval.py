"""Two people stand behind every false-positive pattern that closes alerts. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.contracts.batch import FPPattern, FPPatternStatus
from shared.errors import Conflict, InvalidInput, NotFound

LONGEST = timedelta(days=90)  # then it is reaffirmed or expires (spec/product §3.4)
IN_FORCE = frozenset({FPPatternStatus.APPROVED, FPPatternStatus.ACTIVE})
# What a pattern closes and for how long: two people who load these mean the same.
_MEANING = ("alert_name", "alert_name_regex", "entity_patterns", "confidence", "expiry_date")


def approved_by(pattern: FPPattern, before: FPPattern | None, *, by: str, now: datetime) -> FPPattern:
    """The pattern with one approval more. Raises InvalidInput for one that could close nothing or would too long;
    Conflict when the same person approves twice, or when it is in force already.
    """
    _check(pattern, now)
    stamp = now.isoformat()
    same = before is not None and _meaning(before) == _meaning(pattern)
    if before is not None and same and is_in_force(before):
        raise Conflict(f"pattern {pattern.pattern_id} is in force already")
    if before is not None and same and before.status is FPPatternStatus.PENDING_REVIEW and before.approved_by_1:
        if before.approved_by_1 == by:
            raise Conflict(f"you approved pattern {pattern.pattern_id} already: another person must load it too")
        return before.model_copy(
            update={
                "status": FPPatternStatus.ACTIVE,
                "approved_by": by,
                "approved_by_2": by,
                "approval_date": stamp,
                "updated_at": stamp,
            }
        )
    return pattern.model_copy(
        update={
            "status": FPPatternStatus.PENDING_REVIEW,
            "approved_by": None,
            "approved_by_1": by,
            "approved_by_2": None,
            "approval_date": None,
            "reaffirmed_by": None,
            "reaffirmed_date": None,
            "false_positive_count": 0,
            "created_at": before.created_at if before else stamp,
            "updated_at": stamp,
        }
    )


def revoked(pattern: FPPattern | None, pattern_id: str, *, now: datetime) -> FPPattern:
    """The pattern, which closes nothing any more. Raises NotFound when there is none left to revoke."""
    if pattern is None or pattern.status is FPPatternStatus.REVOKED:
        raise NotFound(f"this tenant has no pattern {pattern_id!r} that could be revoked")
    return pattern.model_copy(update={"status": FPPatternStatus.REVOKED, "updated_at": now.isoformat()})


def is_in_force(pattern: FPPattern) -> bool:
    """Whether it may close alerts, until it expires."""
    return pattern.status in IN_FORCE


def _meaning(pattern: FPPattern) -> dict[str, object]:
    return pattern.model_dump(include=set(_MEANING))


def _check(pattern: FPPattern, now: datetime) -> None:
    if not pattern.entity_patterns:
        raise InvalidInput(
            "pattern.entity_patterns", got=[], expected="at least one: an alert's name alone is the sender's own text"
        )
    try:
        expires = datetime.fromisoformat(pattern.expiry_date or "")
        late = expires > now + LONGEST
    except (ValueError, TypeError):
        raise InvalidInput(
            "pattern.expiry_date", got=pattern.expiry_date, expected="a date and time with its zone"
        ) from None
    if late or expires <= now:
        latest = f"{now + LONGEST:%Y-%m-%d}"
        raise InvalidInput("pattern.expiry_date", got=pattern.expiry_date, expected=f"a day until {latest}")
