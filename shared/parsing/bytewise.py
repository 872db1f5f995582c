"""RE2 over UTF-8 bytes: a byte is a character, so that no offsets are mapped and the automaton stays small."""

from __future__ import annotations

from typing import Any

import re2


def bytewise(pattern: str) -> Any:
    """The pattern compiled for bytes; ``[\\x80-\\xff]`` is any byte of a character beyond ASCII."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    return re2.compile(pattern.encode(), options)
