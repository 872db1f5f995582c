"""ATLAS-DETECT-008: so many alerts that what matters drowns. It says that it floods, and what is under the water."""

from __future__ import annotations

from pathlib import Path

from shared.contracts.detection import BaselineState
from shared.detection.finding import Finding, Limits, Row, names_of
from shared.detection.question import Question
from shared.detection.statistics import baseline_of, count_z
from shared.stores.statements import statements

_SQL = statements(Path(__file__).with_suffix(".sql"))
SUBJECT = "all alerts"


async def evaluate(question: Question) -> list[Finding]:
    """Findings about the tenant as a whole."""
    rows = await question.rows(_SQL["arrivals"])
    return [finding for row in rows for finding in (_documented(row, question.limits), _unusual(row, question.limits))]


def _documented(row: Row, limits: Limits) -> Finding:
    baseline = baseline_of(row["baseline_count"], row["observed_days"], limits["baseline_days"])
    average = row["baseline_count"] / limits["baseline_divisor"]
    compared = baseline is BaselineState.OK
    ratio = row["current_count"] / average if compared else 0.0
    return Finding(
        subject=SUBJECT,
        triggers=names_of({"spike_ratio": ratio > limits["spike_ratio"]}),
        confidence=min(0.9, 0.5 + ratio / 20),
        sentence=f"{row['current_count']} alerts in 6 hours, {ratio:.1f} times the average.",
        evidence=_evidence(row, baseline_avg=average, spike_ratio=ratio),
        entities=[],
        baseline=baseline,
    )


def _unusual(row: Row, limits: Limits) -> Finding:
    """Against the most that came in these six hours of any day before, and only if it is a flood at all."""
    baseline = baseline_of(row["baseline_count"], row["observed_days"], limits["baseline_days"])
    z, count = count_z(row["current_count"], row["most_arrivals"] or 0), row["current_count"]
    holds = count >= limits["least_alerts"] and z > limits["count_z"]
    large = count > limits["ratio"] * (row["most_arrivals"] or 0)
    return Finding(
        signal="rec",
        subject=SUBJECT,
        triggers=names_of({"count_z": baseline is BaselineState.OK and holds and large}),
        confidence=min(0.95, 0.6 + z / 100),
        sentence=f"{count} alerts in 6 hours where at most {row['most_arrivals']} came at this time on any day before.",
        evidence=_evidence(row, count_z=z, most_arrivals=row["most_arrivals"] or 0),
        entities=[],
        baseline=baseline,
    )


def _evidence(row: Row, **numbers: float) -> dict[str, object]:
    return {
        "current_count": row["current_count"],
        **numbers,
        "top": row["top"],
        "urgent_alert_ids": row["urgent_alert_ids"] or [],
        "is_meta_alert": True,
        "suggested_technique": "AML.T0046",
    }
