"""Where a model's quotes stand in what it was shown: a quote that stands nowhere is invented. Pure."""

from __future__ import annotations

import re2

from shared.contracts.investigation import GraphState
from shared.contracts.why import Claim, Why
from shared.gateway.evidence import read_evidence
from shared.investigation.evidence import user_content

_LOG_CELL = re2.compile(r"context\.logs\.\w+\.\d+\.(\w+)(?:\.\d+)?")
LEAST_LETTERS = 4  # of a quote: fewer stand in any text
_INSIDE_WORDS = re2.compile(r"[\p{Cf}\pM]+")  # what a model may leave out: zero-width characters, accents
_WORDS_BY_THEMSELVES = re2.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]")  # scripts without blanks
_BETWEEN_WORDS = re2.compile(r"[^\pL\d]+")
_TECHNIQUES = re2.compile(r"(?i)(?:\W*\b(?:AML\.)?TA?\d{4}(?:\.\d+)*\b\W*)+")
# What names the alert, is a label, or was written by us or by a model supports nothing by being repeated.
_NO_EVIDENCE = re2.compile(
    r"alert\.(?:title|severity|product|time|tactics|techniques|entities\.\d+\.type)(?:\.\d+)?"
    r"|context\.(?:techniques|techniques_by_words|risk_state|case_facts|left_out_of_the_alert)(?:\..*)?"
    r"|context\.(?:log_questions|logs_unanswered|missing)(?:\..*)?"
    r"|context\.incident\.(?:incident_id|note|alerts\.\d+\.(?:alert_id|severity|tactics|began_at|why|classification).*)"
    r"|context\.(?:indicators|risk_signals)\.\d+\.(?:type|context|signal_type|risk_state)"
    r"|.*#key"
)


def with_sources(why: Why, state: GraphState) -> Why:
    """The same claims, each with the field of the evidence that its quote stands in."""
    shown = [
        (path, *_words_of(path, text))
        for path, text in read_evidence(user_content(state, with_context=True)).strings()
        if not _NO_EVIDENCE.fullmatch(path)
    ]

    def found(claims: list[Claim]) -> list[Claim]:
        return [claim.model_copy(update={"source": _source(claim.quote, shown)}) for claim in claims]

    return why.model_copy(update={"speaks_for": found(why.speaks_for), "speaks_against": found(why.speaks_against)})


def unfounded(why: Why) -> list[Claim]:
    """The claims whose quotes stand nowhere in the evidence."""
    return [claim for claim in (*why.speaks_for, *why.speaks_against) if not claim.source]


def _words_of(path: str, text: str) -> tuple[str, str]:
    """The words of a field, and those of its label, which alone are no quote: a number of a log says nothing without
    its column."""
    cell = _LOG_CELL.fullmatch(path)
    return (_words(f"{cell.group(1)} {text}"), _words(cell.group(1))) if cell else (_words(text), "")


def _source(quote: str, shown: list[tuple[str, str, str]]) -> str:
    wanted = _words(quote)
    letters = wanted.replace(" ", "")
    if len(letters) < LEAST_LETTERS or quote.lstrip()[:1] in ("{", "[") or _TECHNIQUES.fullmatch(quote):
        return ""
    return next((path for path, words, label in shown if wanted in words and wanted not in label), "")


def _words(text: str) -> str:
    """The words alone, a blank before and after each, so that a quote is found as whole words and "1.1" not in 11."""
    spread = _WORDS_BY_THEMSELVES.sub(r" \g<0> ", _INSIDE_WORDS.sub("", text))
    words: str = _BETWEEN_WORDS.sub(" ", f" {spread} ")
    return words.casefold()
