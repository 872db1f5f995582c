"""Reads what the product itself knows out of `<retrieved_context>`, a JSON object. Only its structured fields count:
free text in it may repeat the alert, and so be an attacker's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

KNOWN_BAD_CONFIDENCE = 50  # of 100: below, threat intelligence itself is in doubt
RECENT = timedelta(hours=12)  # what first shows in a log so shortly before the alert is news
RISK_STATES = frozenset({"no_baseline", "unknown", "low", "medium", "high"})


@dataclass(frozen=True)
class LogRow:
    """A row that the logs gave to a question: its texts, each as `Column: text`, and when it first happened."""

    question: str
    cells: tuple[str, ...]
    first_seen: str

    def is_news(self, alert_time: str) -> bool:
        """Whether it began shortly before the alert, or after; a row without a time may have."""
        try:
            return datetime.fromisoformat(alert_time) - datetime.fromisoformat(self.first_seen) < RECENT
        except (ValueError, TypeError):
            return not self.first_seen


@dataclass(frozen=True)
class Context:
    """``known_bad``: values with a bad reputation; ``precedents``: (alert name, final classification) of like cases;
    ``questions`` were asked of the logs, ``log_rows`` is what they answered.
    """

    is_given: bool = False
    known_bad: tuple[str, ...] = ()
    precedents: tuple[tuple[str, str], ...] = ()
    risk_state: str = "no_baseline"
    questions: tuple[str, ...] = ()
    log_rows: tuple[LogRow, ...] = ()

    def was_always_false(self, title: str) -> bool:
        """Whether there were cases of this very name, and each of them was a false positive."""
        return self.verdicts_on(title) == {"false_positive"}

    def verdicts_on(self, title: str) -> set[str]:
        """What cases of this very name turned out to be."""
        return {verdict for name, verdict in self.precedents if name.casefold() == title.casefold()}


def read_context(text: str) -> Context:
    """The context in the element's text; what is missing or no JSON object counts as not known."""
    try:
        value = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        value = None
    if not isinstance(value, dict):
        return Context(is_given=bool(text.strip()))
    risk = value.get("risk_state")
    return Context(
        is_given=True,
        known_bad=tuple(str(item.get("value")) for item in _records(value, "indicators") if _is_bad(item)),
        precedents=tuple(
            (str(item.get("alert_name")), str(item.get("final_classification")))
            for item in _records(value, "similar_incidents")
        ),
        risk_state=risk if isinstance(risk, str) and risk in RISK_STATES else "no_baseline",
        questions=tuple(str(line).partition(",")[0] for line in _items(value, "log_questions")),
        log_rows=tuple(_log_rows(value.get("logs"))),
    )


def _log_rows(logs: Any) -> Iterator[LogRow]:
    for question, rows in logs.items() if isinstance(logs, dict) else ():
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict):
                yield LogRow(question, tuple(_cells(row)), str(row.get("FirstSeen") or row.get("LastSeen") or ""))


def _cells(row: dict[str, Any]) -> Iterator[str]:
    for column, value in row.items():
        for text in value if isinstance(value, list) else [value]:
            yield f"{column}: {text}"


def _items(value: dict[str, Any], name: str) -> list[Any]:
    items = value.get(name)
    return items if isinstance(items, list) else []


def _records(value: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [item for item in _items(value, name) if isinstance(item, dict)]


def _is_bad(indicator: dict[str, Any]) -> bool:
    reputation = indicator.get("reputation")
    confidence = reputation.get("confidence") if isinstance(reputation, dict) else None
    return isinstance(confidence, int | float) and confidence >= KNOWN_BAD_CONFIDENCE
