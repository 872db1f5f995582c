"""ATLAS-DETECT-010: a partner's systems call as they never did, or no longer prove who they are."""

from __future__ import annotations

from math import sqrt
from pathlib import Path

from shared.contracts.detection import BaselineState
from shared.detection.finding import Finding, Limits, Row, names_of, partner
from shared.detection.question import Question
from shared.detection.statistics import baseline_of, count_z, share_z
from shared.stores.statements import statements

_SQL = statements(Path(__file__).with_suffix(".sql"))


async def evaluate(question: Question) -> list[Finding]:
    """Findings by partner."""
    rows = await question.rows(_SQL["calls_by_partner"])
    return [
        finding for row in rows for finding in (_documented(row, question.limits), _significant(row, question.limits))
    ]


def _documented(row: Row, limits: Limits) -> Finding:
    baseline = baseline_of(row["baseline_calls"], row["observed_days"], limits["baseline_days"])
    compared = baseline is BaselineState.OK
    average = row["baseline_calls"] / limits["baseline_divisor"]
    volume = row["calls"] / average if compared else 0.0
    spread = row["payload_spread"] or 0.0
    z = abs(row["mean_payload"] - row["baseline_payload"]) / spread if compared and spread else 0.0
    triggers = names_of({
        "volume_deviation": volume > limits["volume_deviation"],
        "payload_z": z > limits["payload_z"],
        "mtls_failures": row["mtls_failures"] > limits["mtls_failures"],
    })  # fmt: skip
    by_volume = "volume_deviation" in triggers or not triggers
    return Finding(
        subject=row["partner_id"],
        triggers=triggers,
        confidence=min(0.9, 0.6 + volume / 10) if by_volume else 0.8,
        sentence=f"{row['calls']} calls in 6 hours, {volume:.1f} times the average, {row['mtls_failures']} without a "
        f"verified certificate.",
        evidence=dict(row) | {"volume_deviation": volume, "payload_z_score": z, "avg_calls": average},
        entities=[partner(row["partner_id"], row["partner_name"])],
        baseline=baseline,
    )


def _significant(row: Row, limits: Limits) -> Finding:
    """The share of unverified calls, the largest block ever, and the spread between blocks instead of calls."""
    baseline = baseline_of(row["baseline_calls"], row["observed_days"], limits["baseline_days"])
    compared = baseline is BaselineState.OK and row["calls"] >= limits["least_calls"]
    # Calls of one block resemble each other, so their mean varies as the means of blocks do.
    error = max(row["block_spread"] or 0.0, (row["payload_spread"] or 0.0) / sqrt(row["calls"]), 1.0)
    payload_z = abs(row["mean_payload"] - (row["baseline_payload"] or 0.0)) / error
    more = (
        row["calls"] > limits["ratio"] * row["most_calls"]
        and count_z(row["calls"], row["most_calls"]) > limits["count_z"]
    )
    unverified = share_z(row["mtls_failures"], row["calls"], row["baseline_failures"], row["baseline_calls"])
    large = payload_z > limits["block_z"] and row["mean_payload"] > limits["payload_ratio"] * (
        row["baseline_payload"] or 0.0
    )
    triggers = names_of({
        "most_calls": compared and more,
        "payload": compared and large,
        "unverified": row["mtls_failures"] >= limits["least_failures"]
        and (not row["baseline_calls"] or unverified > limits["unverified_z"]),
    })  # fmt: skip
    return Finding(
        signal="rec",
        subject=row["partner_id"],
        triggers=triggers,
        confidence=min(0.95, 0.75 + 0.07 * len(triggers)),
        sentence=f"{row['calls']} calls in 6 hours where at most {row['most_calls']} were usual, "
        f"{row['mtls_failures']} without a verified certificate.",
        evidence=dict(row) | {"block_payload_z": payload_z, "unverified_z": unverified},
        entities=[partner(row["partner_id"], row["partner_name"])],
        baseline=baseline,
    )
