"""The life of an exposure, as one pure function: what a report changes about what is stored (data-model §5.2).

Reports may come twice, late or in another order; the newest scan wins, and of two of one time the greater digest does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.contracts.exposure import ExposureStatus
from shared.ctem.rates import Rate
from shared.ctem.scoring import Scored
from shared.ctem.severity import REPAIR_TIMES

ENDED = frozenset({ExposureStatus.VERIFIED, ExposureStatus.CLOSED})


class Change(StrEnum):
    """What a report does to an exposure. The first four are told to others."""

    NEW = "new"
    CHANGED = "changed"
    REOPENED = "reopened"
    RESOLVED = "resolved"
    SEEN = "seen"  # again, in a newer scan
    SAME = "same"


TOLD = frozenset({Change.NEW, Change.CHANGED, Change.REOPENED, Change.RESOLVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is stored about one exposure. ``clock_started_at`` is when the time to repair it began."""

    status: ExposureStatus
    severity: str
    digest: bytes
    first_seen: datetime
    last_seen: datetime
    occurrences: int
    clock_started_at: datetime
    sla_deadline: datetime
    resolved_at: datetime | None = None
    reopened: int = 0
    rate: Rate | None = None


def decide(kept: Kept | None, found: Scored, *, at: datetime, now: datetime, occurrences: int) -> tuple[Change, Kept]:
    """What ``found`` in the scan of ``at`` changes, and what is then stored. ``occurrences``: how often this scan has
    shown it so far.
    """
    if kept is None:
        return Change.NEW, _begun(found, at=at, now=now, occurrences=occurrences)
    seen = replace(kept, first_seen=min(kept.first_seen, found.seen_at or at))
    mine = (at, found.is_open, found.digest)  # of one scan's findings with one key, an open one says more
    theirs = (kept.last_seen, kept.resolved_at != kept.last_seen, kept.digest)
    if mine <= theirs:
        if at == kept.last_seen:
            seen = replace(seen, occurrences=max(occurrences, kept.occurrences))
        return (Change.SAME if seen == kept else Change.SEEN), seen
    again = occurrences if at > kept.last_seen else max(occurrences, kept.occurrences)
    seen = replace(seen, last_seen=at, occurrences=again)
    if not found.is_open:
        ended = replace(_changed(seen, found), status=ExposureStatus.CLOSED, resolved_at=at)
        return (Change.SEEN if kept.status in ENDED else Change.RESOLVED), ended
    if kept.status in ENDED:
        return _open_again(kept, seen, found, at=at, now=now)
    if found.digest != kept.digest or _differs(kept.rate, found.rate):
        return Change.CHANGED, _changed(seen, found)
    return Change.SEEN, seen


def regressed(kept: Kept | None, found: Scored) -> bool:
    """Whether an attack succeeds more often than before, beyond chance."""
    if kept is None or kept.rate is None or found.rate is None:
        return False
    return found.rate.differs_from(kept.rate) and found.rate.value > kept.rate.value


def rate_of(details: dict[str, Any]) -> Rate | None:
    """The rate that stored details hold."""
    held = details.get("rate")
    return Rate(int(held["hits"]), int(held["attempts"])) if held else None


def _begun(found: Scored, *, at: datetime, now: datetime, occurrences: int) -> Kept:
    return Kept(
        status=found.exposure.status,
        severity=found.severity,
        digest=found.digest,
        first_seen=min(found.seen_at or at, at),
        last_seen=at,
        occurrences=occurrences,
        clock_started_at=now,
        sla_deadline=now + REPAIR_TIMES[found.severity],
        resolved_at=None if found.is_open else at,
        rate=found.rate,
    )


def _open_again(kept: Kept, seen: Kept, found: Scored, *, at: datetime, now: datetime) -> tuple[Change, Kept]:
    """It is there although it had ended: in the same scan, in an older one than that which missed it, or again."""
    changed = _changed(seen, found)
    if kept.resolved_at == kept.last_seen == at:
        return Change.CHANGED, replace(changed, status=ExposureStatus.OPEN, resolved_at=None)
    if kept.resolved_at is not None and at < kept.resolved_at:
        return Change.SEEN, changed
    clock = replace(changed, clock_started_at=now, sla_deadline=now + REPAIR_TIMES[found.severity])
    return Change.REOPENED, replace(clock, status=ExposureStatus.OPEN, resolved_at=None, reopened=kept.reopened + 1)


def _changed(seen: Kept, found: Scored) -> Kept:
    """The deadline follows the severity, from when the clock started."""
    deadline = seen.clock_started_at + REPAIR_TIMES[found.severity]
    return replace(seen, severity=found.severity, digest=found.digest, sla_deadline=deadline, rate=found.rate)


def _differs(before: Rate | None, after: Rate | None) -> bool:
    return before is not None and after is not None and before.differs_from(after)
