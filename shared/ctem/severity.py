"""Severity: the seed's matrix of exploitability and consequence (seed §6), the score and the time to repair
(data-model §5.2).
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

import re2

from shared.contracts.exposure import Consequence, ExposureSeverity


class Exploitability(StrEnum):
    """How easily a finding is used. UNKNOWN is what nobody has said, which is not low."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    UNKNOWN = "unknown"


ORDER = (Exploitability.HIGH, Exploitability.MEDIUM, Exploitability.LOW, Exploitability.UNKNOWN)
SCORES = {Exploitability.HIGH: 0.9, Exploitability.MEDIUM: 0.5, Exploitability.LOW: 0.2, Exploitability.UNKNOWN: 0.5}

_ROWS = {
    Exploitability.HIGH: "CRITICAL CRITICAL HIGH MEDIUM",
    Exploitability.MEDIUM: "CRITICAL HIGH MEDIUM LOW",
    Exploitability.LOW: "HIGH MEDIUM LOW LOW",
    Exploitability.UNKNOWN: "MEDIUM MEDIUM MEDIUM MEDIUM",  # an unknown pair (data-model §5.2)
}
MATRIX = {
    (level, consequence): ExposureSeverity(name)
    for level, names in _ROWS.items()
    for consequence, name in zip(Consequence, names.split(), strict=True)
}
WEIGHTS = dict(zip(Consequence, (1.0, 0.8, 0.5, 0.3), strict=True))
REPAIR_TIMES = {
    ExposureSeverity.CRITICAL: timedelta(hours=24),
    ExposureSeverity.HIGH: timedelta(hours=72),
    ExposureSeverity.MEDIUM: timedelta(days=14),
    ExposureSeverity.LOW: timedelta(days=30),
}

# CVSS 3.1 §7.1. The sub-score's greatest value is 8.22 * 0.85 * 0.77 * 0.85 * 0.85.
_VECTOR = re2.compile(r"^CVSS:3\.[01]/")
_ATTACK_VECTOR = {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2}
_COMPLEXITY = {"L": 0.77, "H": 0.44}
_PRIVILEGES = {"N": 0.85, "L": 0.62, "H": 0.27}
_PRIVILEGES_CHANGED = {"N": 0.85, "L": 0.68, "H": 0.5}
_INTERACTION = {"N": 0.85, "R": 0.62}
_GREATEST = 0.85 * 0.77 * 0.85 * 0.85


def adjusted_score(score: float, *, alerted: bool) -> float:
    """0 to 10; half as much again where an alert of the last 7 days named its ATLAS technique (data-model §5.2)."""
    return min(10.0, round(score * 1.5, 2)) if alerted else score


def triage(severity: str, *, breached: bool, alerted: bool) -> int:
    """In which order exposures are to be repaired, 1 to 7 (data-model §5.2)."""
    match severity:
        case ExposureSeverity.CRITICAL:
            return 1 if breached else 2
        case ExposureSeverity.HIGH:
            return 3 if breached else 4 if alerted else 5
        case ExposureSeverity.MEDIUM:
            return 6
        case _:
            return 7


def ctem_score(exploitability: float, consequence: Consequence) -> float:
    """0 to 10."""
    return round(exploitability * WEIGHTS[consequence] * 10, 2)


def cvss_exploitability(vector: str) -> float | None:
    """The exploitability sub-score of a CVSS 3 vector as a share of its greatest value; None for anything else."""
    if not _VECTOR.match(vector):
        return None
    parts = dict(part.split(":", 1) for part in vector.split("/")[1:] if ":" in part)
    privileges = _PRIVILEGES_CHANGED if parts.get("S") == "C" else _PRIVILEGES
    tables = (("AV", _ATTACK_VECTOR), ("AC", _COMPLEXITY), ("PR", privileges), ("UI", _INTERACTION))
    product = 1.0
    for name, table in tables:
        if (factor := table.get(parts.get(name, ""))) is None:
            return None
        product *= factor
    return round(min(product / _GREATEST, 1.0), 4)


def at_least(level: Exploitability, floor: Exploitability) -> Exploitability:
    """The easier one of the two to exploit; what is unknown gives way."""
    return min(level, floor, key=ORDER.index)
