"""Prompt injection in untrusted text: found, graded and taken out (seed §2, spec/llm §3).

The caller sends nothing of a text graded HIGH, and only `SanitisedInput.text` of any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Any

import re2

from shared.gateway.concealment import base64_texts, reveal
from shared.gateway.injection_families import PATTERNS, Family, Pattern

HIGH_FAMILIES = 3  # distinct families that make an attempt a clear one
_ALWAYS_HIGH = frozenset({Family.EVIDENCE_BREAK_OUT, Family.CONCEALED})
_CLAUSE = re2.compile(r"[^.!?;\r\n]+(?:[.!?;]+[^\s.!?;][^.!?;\r\n]*)*[.!?;]*\s*")
# Facts that stay when the clause around them goes: addresses, hashes, ids, times.
_FACT = re2.compile(
    r"\b(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9a-fA-F]{64}|[0-9a-fA-F]{40}|[0-9a-fA-F]{32}|CVE-\d{4}-\d{4,7}|(?:AML\.)?T\d{4}(?:\.\d{3})?"
    r"|\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?Z?)?|[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+)\b"
)


class Risk(IntEnum):
    """Grade of a text, ordered (spec/llm §3.3)."""

    NONE = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3


@dataclass(frozen=True)
class Detection:
    """One hit: where in the original text, never what stood there. ``clear`` False counts as LOW only."""

    family: Family
    start: int
    end: int
    clear: bool = True


@dataclass(frozen=True)
class SanitisedInput:
    """``text`` may go on unless ``risk`` is HIGH; then it is empty."""

    text: str
    risk: Risk
    detections: tuple[Detection, ...] = ()


def sanitise_input(text: str) -> SanitisedInput:
    """Grade a text; rewrite it when MEDIUM, without leaving a mark that tells an attacker what was caught."""
    detections = detect(text)
    risk = grade(detections)
    if risk <= Risk.LOW:
        return SanitisedInput(text, risk, detections)
    if risk is Risk.MEDIUM:
        kept = _without_orders(text, detections)
        if grade(detect(kept)) <= Risk.LOW:
            return SanitisedInput(kept, risk, detections)
    return SanitisedInput("", Risk.HIGH, detections)


def detect(text: str) -> tuple[Detection, ...]:
    """Every hit of every family, in order. What only shows once a disguise is off is CONCEALED as well."""
    plain = _hits(text)
    found = list(plain)
    open_families = {hit.family for hit in plain if hit.clear}
    revealed = reveal(text)
    if revealed.text != text.lower():
        for hit in _hits(revealed.text):
            if hit.family not in open_families and hit.clear:
                start, end = revealed.offsets[hit.start], revealed.offsets[hit.end - 1] + 1
                found += [Detection(hit.family, start, end), Detection(Family.CONCEALED, start, end)]
    for start, end, decoded in base64_texts(text):
        hidden = {hit.family for hit in _hits(reveal(decoded).text) if hit.clear}
        found += [Detection(family, start, end) for family in sorted(hidden)]
        found += [Detection(Family.CONCEALED, start, end)] if hidden else []
    return tuple(sorted(found, key=lambda hit: (hit.start, hit.end, hit.family)))


def grade(detections: tuple[Detection, ...]) -> Risk:
    """The risk of all the hits of one request together."""
    clear = {hit.family for hit in detections if hit.clear}
    if len(clear) >= HIGH_FAMILIES or clear & _ALWAYS_HIGH:
        return Risk.HIGH
    if clear:
        return Risk.MEDIUM
    return Risk.LOW if detections else Risk.NONE


@cache
def _compiled() -> tuple[Any, tuple[tuple[Pattern, Any], ...]]:
    """One RE2 set of all patterns, and each by itself to locate a hit. Both are case-blind."""
    together = re2.Set.SearchSet()
    single = []
    for pattern in PATTERNS:
        expression = "(?is)" + pattern.expression.replace(" ?", r"\s*").replace(" ", r"\s+")
        together.Add(expression)
        single.append((pattern, re2.compile(expression)))
    together.Compile()
    return together, tuple(single)


def _hits(text: str) -> list[Detection]:
    together, single = _compiled()
    return [
        Detection(pattern.family, found.start(), found.end(), pattern.clear)
        for number in together.Match(text) or ()
        for pattern, expression in [single[number]]
        for found in expression.finditer(text)
    ]


def _without_orders(text: str, detections: tuple[Detection, ...]) -> str:
    """The clauses that no clear hit touches, and the bare facts of those that one does."""
    spans = sorted((hit.start, hit.end) for hit in detections if hit.clear)
    kept, next_span = [], 0
    for clause in _CLAUSE.finditer(text):
        while next_span < len(spans) and spans[next_span][1] <= clause.start():
            next_span += 1
        touched = any(start < clause.end() for start, _ in spans[next_span : next_span + 1])
        facts = " ".join(found.group() for found in _FACT.finditer(clause.group())) if touched else ""
        kept.append(f"{facts} " if facts else "" if touched else clause.group())
    return "".join(kept).strip()
