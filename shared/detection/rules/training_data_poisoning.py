"""ATLAS-DETECT-001: somebody writes to training data far more than usual."""

from __future__ import annotations

from math import log1p
from pathlib import Path

from shared.contracts.detection import BaselineState
from shared.detection.finding import Finding, Limits, Row, account, addresses, names_of, resource
from shared.detection.question import Question
from shared.detection.statistics import baseline_of, robust_z
from shared.stores.statements import statements

_SQL = statements(Path(__file__).with_suffix(".sql"))


async def evaluate(question: Question) -> list[Finding]:
    """Findings by user."""
    rows = await question.rows(_SQL["activity_by_user"])
    return [
        finding for row in rows for finding in (_documented(row, question.limits), _more_writes(row, question.limits))
    ]


def _documented(row: Row, limits: Limits) -> Finding:
    baseline = baseline_of(row["baseline_count"], row["observed_days"], limits["baseline_days"])
    average = row["baseline_count"] / limits["baseline_divisor"]
    deviation = row["current_count"] / average if average else 0.0
    compared = baseline is BaselineState.OK
    triggers = names_of({
        "deviation": compared and deviation > limits["deviation"],
        "distinct_tables": row["distinct_tables"] > limits["distinct_tables"],
        "count": row["current_count"] > limits["count"],
    })  # fmt: skip
    return Finding(
        subject=row["user_id"],
        triggers=triggers,
        confidence=min(0.95, 0.5 + (deviation / 20 if compared else 0.0)),
        sentence=f"{row['current_count']} actions on {row['distinct_tables']} targets in 24 hours, "
        f"{deviation:.1f} times the daily average of {average:.1f}.",
        evidence=_evidence(row, deviation_factor=deviation, baseline_avg=average),
        entities=_entities(row),
        baseline=baseline,
    )


def _more_writes(row: Row, limits: Limits) -> Finding:
    """Writes alone, against the user's own days, on a scale that one busy day does not stretch."""
    baseline = baseline_of(row["active_days"], row["observed_days"], limits["baseline_days"])
    z = robust_z(log1p(row["current_writes"]), row["log_writes"], least=limits["least_spread"])
    excess = row["current_writes"] - row["most_writes"]
    holds = z > limits["write_z"] and excess > limits["write_excess"]
    return Finding(
        signal="rec",
        subject=row["user_id"],
        triggers=names_of({"write_z": baseline is BaselineState.OK and holds}),
        confidence=min(0.95, 0.6 + z / 50),
        sentence=f"{row['current_writes']} writes in 24 hours, {excess} more than on the busiest day of the baseline.",
        evidence=_evidence(row, write_z=z, writes=row["current_writes"], most_writes=row["most_writes"]),
        entities=_entities(row),
        baseline=baseline,
    )


def _evidence(row: Row, **numbers: float) -> dict[str, object]:
    return {
        "user_id": row["user_id"],
        "count": row["current_count"],
        "distinct_tables": row["distinct_tables"],
        **numbers,
        "source_ips": row["source_ips"] or [],
        "first_action": row["first_action"],
        "last_action": row["last_action"],
        "targets": row["targets"],
    }


def _entities(row: Row) -> list[dict[str, object]]:
    datasets = [resource("ml-dataset", name) for name in row["targets"][:5]]
    return [account(row["user_id"]), *addresses(row["source_ips"]), *datasets]
