"""Reads what the product itself knows out of `<retrieved_context>`, a JSON object. Only its structured fields count:
free text in it may repeat the alert, and so be an attacker's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

KNOWN_BAD_CONFIDENCE = 50  # of 100: below, threat intelligence itself is in doubt
RISK_STATES = frozenset({"no_baseline", "unknown", "low", "medium", "high"})


@dataclass(frozen=True)
class Context:
    """``known_bad``: values with a bad reputation; ``precedents``: (alert name, final classification) of like cases."""

    is_given: bool = False
    known_bad: tuple[str, ...] = ()
    precedents: tuple[tuple[str, str], ...] = ()
    risk_state: str = "no_baseline"

    def was_always_false(self, title: str) -> bool:
        """Whether there were cases of this very name, and each of them was a false positive."""
        same = [verdict for name, verdict in self.precedents if name.casefold() == title.casefold()]
        return bool(same) and all(verdict == "false_positive" for verdict in same)


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
    )


def _records(value: dict[str, Any], name: str) -> list[dict[str, Any]]:
    items = value.get(name)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _is_bad(indicator: dict[str, Any]) -> bool:
    reputation = indicator.get("reputation")
    confidence = reputation.get("confidence") if isinstance(reputation, dict) else None
    return isinstance(confidence, int | float) and confidence >= KNOWN_BAD_CONFIDENCE
