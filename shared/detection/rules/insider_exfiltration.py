"""ATLAS-DETECT-007: an identity takes more out of the platform's interfaces than it ever does."""

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
    """Findings by identity."""
    rows = await question.rows(_SQL["calls_by_identity"])
    return [
        finding for row in rows for finding in (_documented(row, question.limits), _more_bytes(row, question.limits))
    ]


def _documented(row: Row, limits: Limits) -> Finding:
    baseline = baseline_of(row["baseline_count"], row["observed_days"], limits["baseline_days"])
    average = row["baseline_count"] / limits["baseline_divisor"]
    deviation = row["current_count"] / average if average else 0.0
    compared = baseline is BaselineState.OK
    triggers = names_of({
        "deviation": compared and deviation > limits["deviation"],
        "distinct_endpoints": row["distinct_endpoints"] > limits["distinct_endpoints"],
        "after_hours": row["after_hours"] > limits["after_hours"],
    })  # fmt: skip
    return Finding(
        subject=row["caller_identity"],
        triggers=triggers,
        confidence=min(0.95, 0.5 + (deviation / 20 if compared else 0.0)),
        sentence=f"{row['current_count']} calls of {row['distinct_endpoints']} endpoints in 24 hours, "
        f"{row['after_hours']} after hours, {deviation:.1f} times the daily average.",
        evidence=_evidence(row, limits, deviation=deviation, baseline_avg=average),
        entities=_entities(row),
        baseline=baseline,
    )


def _more_bytes(row: Row, limits: Limits) -> Finding:
    """Bytes and not requests, against the identity's own days."""
    baseline = baseline_of(row["active_days"], row["observed_days"], limits["baseline_days"])
    z = robust_z(log1p(row["bytes_out"]), row["log_bytes"], least=limits["least_spread"])
    excess = row["bytes_out"] - row["most_bytes"]
    holds = baseline is BaselineState.OK and z > limits["bytes_z"] and excess > limits["bytes_excess"]
    return Finding(
        signal="rec",
        subject=row["caller_identity"],
        triggers=names_of({"bytes_z": holds}),
        confidence=min(0.95, 0.6 + z / 50),
        sentence=f"{row['bytes_out'] / 1e6:.1f} MB in 24 hours, {excess / 1e6:.1f} MB more than on any day before.",
        evidence=_evidence(row, limits, bytes_z=z, most_bytes=row["most_bytes"]),
        entities=_entities(row),
        baseline=baseline,
        techniques=("AML.T0025",),
    )


def _evidence(row: Row, limits: Limits, **numbers: float) -> dict[str, object]:
    kept = ("caller_identity", "distinct_endpoints", "endpoints", "after_hours", "bytes_out", "bytes_out_baseline")
    return (
        {name: row[name] for name in kept}
        | numbers
        | {
            "count": row["current_count"],
            "source_ips": row["source_ips"],
            "tz": limits["time_zone"],
        }
    )


def _entities(row: Row) -> list[dict[str, object]]:
    endpoints = [resource("ml-endpoint", name) for name in row["endpoints"][:5]]
    return [account(row["caller_identity"]), *addresses(row["source_ips"]), *endpoints]
