"""UUID version 7 (RFC 9562 §5.7), which Python 3.13's library cannot make: sorts by the millisecond of its making."""

from __future__ import annotations

import secrets
import time
from uuid import UUID


def uuid7() -> UUID:
    """48 bits of Unix milliseconds, then 74 random bits around version and variant."""
    milliseconds = time.time_ns() // 1_000_000 & (1 << 48) - 1
    version_and_rand_a = 0x7 << 12 | secrets.randbits(12)
    variant_and_rand_b = 0b10 << 62 | secrets.randbits(62)
    return UUID(int=milliseconds << 80 | version_and_rand_a << 64 | variant_and_rand_b)
