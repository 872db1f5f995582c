"""Where a model's quotes stand in what it was shown: a quote that stands nowhere is invented. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import re2

from shared.contracts.investigation import GraphState
from shared.contracts.why import Claim, Why
from shared.investigation.evidence import user_content

LEAST_LETTERS = 4  # of a quote: fewer stand in any text
_NO_LETTER = re2.compile(r"[^\pL\d]+")
_TECHNIQUES = re2.compile(r"(?i)(?:\W*\b(?:AML\.)?TA?\d{4}(?:\.\d+)*\b\W*)+")
# What names the alert or repeats its labels supports nothing by being repeated.
_NO_EVIDENCE = ("alert.title", "alert.severity", "alert.product", "alert.time", "alert.tactics", "alert.techniques")


def with_sources(why: Why, state: GraphState) -> Why:
    """The same claims, each with the field of the evidence that its quote stands in."""
    shown = [
        (path, _letters(text))
        for path, text in _strings(json.loads(user_content(state, with_context=True)), "")
        if not path.startswith(_NO_EVIDENCE)
    ]

    def found(claims: list[Claim]) -> list[Claim]:
        return [claim.model_copy(update={"source": _source(claim.quote, shown)}) for claim in claims]

    return why.model_copy(update={"speaks_for": found(why.speaks_for), "speaks_against": found(why.speaks_against)})


def unfounded(why: Why) -> list[Claim]:
    """The claims whose quotes stand nowhere in the evidence."""
    return [claim for claim in (*why.speaks_for, *why.speaks_against) if not claim.source]


def _source(quote: str, shown: list[tuple[str, str]]) -> str:
    wanted = _letters(quote)
    if len(wanted) < LEAST_LETTERS or quote.lstrip()[:1] in ("{", "[") or _TECHNIQUES.fullmatch(quote):
        return ""
    return next((path for path, letters in shown if wanted in letters), "")


def _letters(text: str) -> str:
    """Only what blanks, line ends, quotation marks and the gateway's cleaning leave as it is."""
    letters: str = _NO_LETTER.sub("", text)
    return letters.casefold()


def _strings(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _strings(item, f"{path}.{number}")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _strings(item, f"{path}.{key}" if path else key)
