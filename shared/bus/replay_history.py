"""What a message that was sent back carries with it, so that a second failure is recognised as such."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

REPLAYED_FROM = "aluskort-replayed-from"  # topic/partition/offset of the dead letter
ATTEMPTS = "aluskort-failed-attempts"
FIRST_FAILED_AT = "aluskort-first-failed-at"
OWN_HEADERS = frozenset({REPLAYED_FROM, ATTEMPTS, FIRST_FAILED_AT})
LONGEST = 300  # characters of a header that is accepted: the longest topic name has 249


@dataclass(frozen=True, slots=True)
class ReplayHistory:
    """How often a message has failed so far, since when, and which dead letter it was sent back from."""

    attempts: int = 0
    first_failed_at: str | None = None
    replayed_from: str | None = None

    @classmethod
    def of(cls, headers: Mapping[str, bytes]) -> ReplayHistory:
        """Read from a message's headers, which anybody may have written: anything else counts as no history."""
        source = _text(headers.get(REPLAYED_FROM))
        attempts = _text(headers.get(ATTEMPTS)) or ""
        if source is None or not (attempts.isdecimal() and attempts.isascii() and len(attempts) < 7):
            return cls()
        return cls(int(attempts), _text(headers.get(FIRST_FAILED_AT)), source)

    def headers(self) -> dict[str, bytes]:
        """The headers that carry it."""
        known = {
            REPLAYED_FROM: self.replayed_from,
            ATTEMPTS: str(self.attempts),
            FIRST_FAILED_AT: self.first_failed_at,
        }
        return {name: value.encode() for name, value in known.items() if value}


def without_history(headers: Mapping[str, bytes]) -> dict[str, bytes]:
    """The headers that the message had before it was ever sent back."""
    return {name: value for name, value in headers.items() if name not in OWN_HEADERS}


def _text(value: bytes | None) -> str | None:
    if value is None or len(value) > LONGEST or not value.isascii():
        return None
    return value.decode() or None
