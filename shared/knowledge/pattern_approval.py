"""What a false-positive pattern must say before people may approve it. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.contracts.batch import FPPattern, FPPatternStatus
from shared.errors import InvalidInput

LONGEST = timedelta(days=90)  # then it is reaffirmed or expires (spec/product §3.4)
IN_FORCE = frozenset({FPPatternStatus.APPROVED, FPPatternStatus.ACTIVE})
# What a pattern closes and for how long: two people who load these mean the same.
_MEANING = {"alert_name", "alert_name_regex", "entity_patterns", "confidence", "expiry_date"}


def means_the_same(one: FPPattern, other: FPPattern) -> bool:
    """Whether both would close the same alerts, as surely and until the same day."""
    return one.model_dump(include=_MEANING) == other.model_dump(include=_MEANING)


def check(pattern: FPPattern, now: datetime) -> None:
    """Raises InvalidInput for a pattern that could close nothing, or would for too long."""
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
