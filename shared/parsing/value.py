"""Values out of hostile input, made safe to keep: bounded, and free of what stores refuse (security-and-audit §12)."""

from __future__ import annotations

import math

from shared.contracts.outside_text import encodable, storable_text

MAX_CHARACTERS = 2_048  # of one value
MAX_COMMAND = 16_384  # of a command line: encoded scripts pass 8,191, the longest that Windows' own shell takes
CONTROL = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)))


def clean(value: object) -> str:
    """A scalar as text without control characters, at most MAX_CHARACTERS long; "" for anything else."""
    if isinstance(value, str):
        text = value
    elif isinstance(value, int):
        text = str(value) if value.bit_length() < MAX_CHARACTERS else ""  # Python refuses to write longer ones
    elif isinstance(value, float) and math.isfinite(value):
        text = str(value)
    else:
        return ""
    if not text.isprintable():
        text = encodable(text[: 2 * MAX_CHARACTERS]).translate(CONTROL)
    return text[:MAX_CHARACTERS].strip()


def verbatim(value: object) -> str:
    """A command line as it was given, cut but not stripped; only NUL, which no store keeps, is replaced."""
    text = value if isinstance(value, str) else ""
    return storable_text(text[:MAX_COMMAND])
