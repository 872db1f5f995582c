"""The retrieval test set: incidents of 33 kinds of attack, two of each, and 66 alerts that each should find their two.

The alerts are worded anew and name no technique. Set and tokens are of one hand: the figures are a floor that a test
holds, and a measure of changes, not of other people's alerts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BEST = 5


def _rows(key: str) -> list[dict[str, Any]]:
    lines = Path(__file__).with_name("retrieval.jsonl").read_text().splitlines()
    return [row for line in lines if key in (row := json.loads(line))]


def incidents() -> list[dict[str, Any]]:
    """Each with `incident` (its id), `alert_name`, `text`, `techniques` and `entities`."""
    return _rows("incident")


def alerts() -> list[dict[str, Any]]:
    """The same fields, and `relevant` for the ids of the incidents to be found."""
    return _rows("relevant")


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over all alerts: the share of the relevant incidents among the best five; 1 / place of the first one."""

    recall: float
    mrr: float


def quality(found: list[list[str]]) -> Quality:
    """Of the ids that were found for each alert, the best first."""
    recalls, places = [], []
    for alert, ids in zip(alerts(), found, strict=True):
        hits = [place for place, one in enumerate(ids[:BEST], start=1) if one in alert["relevant"]]
        recalls.append(len(hits) / len(alert["relevant"]))
        places.append(1 / hits[0] if hits else 0.0)
    return Quality(sum(recalls) / len(recalls), sum(places) / len(places))
