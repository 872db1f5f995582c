"""Whether a text says something, or denies it: "no ransomware", "PsExec was not seen", "malicious: false".
A sentence that says what was *not stopped* denies nothing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

_TECHNIQUE = re2.compile(r"\b(?:AML\.T\d{4}|T\d{4})(?:\.\d{3})?\b")
_LOOKED_AT = 80  # characters before and after a match that may deny it
# At most five words may stand between the denial and what it denies, and no comma: "no user clicked, but malware ran".
_DENIED_BEFORE = re2.compile(
    r"(?i)(?:\b(?:no|not|non|never|without|neither|nor|0|free of|absence of|lack of|rul(?:es?|ed|ing) out"
    r"|exclud(?:es?|ed|ing))|n't)((?:[\s-]+[\w./'-]+){0,5}?)[\s-]*$"
)
_DENIED_AFTER = re2.compile(
    r"(?i)^(?:[\"']?\s*[:=]\s*[\"']?(?:false|no|none|0)\b"
    r"|(?:\s+[\w/-]+){0,2}?\s+(?:(?:was|were|is|are|has|have|had|could|can)\s*)?(?:been\s+)?"
    r"(?:not|never|n't|cannot)\s+(?:be\s+|been\s+)?(?:seen|found|detected|observed|confirmed|present|involved|shown)"
    r"|(?:\s+[\w/-]+){0,2}?\s+(?:was|were|is|are|has been|have been)\s+(?:ruled out|excluded))"
)
_NOT_A_DENIAL = re2.compile(
    r"(?i)^[\s-]+(?:only|just|merely|yet|until)\b|\b(?:but|stop|block|prevent|detect|contain|remove|quarantine|clean)"
)


@lru_cache(maxsize=128)
def _compiled(words: str) -> Any:
    return re2.compile(rf"(?i)\b(?:{words})\b")


def affirms(words: str, text: str) -> bool:
    """Whether ``text`` says one of ``words``, an RE2 alternation, without denying it."""
    return any(not _is_denied(text, *found.span()) for found in _compiled(words).finditer(text))


def _is_denied(text: str, start: int, end: int) -> bool:
    before = _DENIED_BEFORE.search(text[max(start - _LOOKED_AT, 0) : start])
    if before and not _NOT_A_DENIAL.search(before.group(1)):
        return True
    return bool(_DENIED_AFTER.search(text[end : end + _LOOKED_AT]))


@lru_cache(maxsize=256)  # every sign asks for the same few passages
def technique_ids(text: str) -> tuple[str, ...]:
    """Every ATT&CK and ATLAS id in ``text``, once each, in order."""
    return tuple(dict.fromkeys(found.group(0) for found in _TECHNIQUE.finditer(text)))


def has_technique(technique: str, text: str) -> bool:
    """Whether ``text`` names the technique or one of its sub-techniques."""
    return any(found == technique or found.startswith(f"{technique}.") for found in technique_ids(text))
