"""ATLAS-DETECT-009: a gateway's sensors report as sensors do not. The node itself says so, so it is not trusted."""

from __future__ import annotations

from pathlib import Path

from shared.contracts.detection import BaselineState
from shared.detection.finding import Finding, Limits, Row, host, names_of, resource
from shared.detection.question import Question
from shared.detection.statistics import baseline_of, count_z
from shared.stores.statements import statements

_SQL = statements(Path(__file__).with_suffix(".sql"))


async def evaluate(question: Question) -> list[Finding]:
    """Findings by node."""
    rows = await question.rows(_SQL["readings_by_node"])
    return [finding for row in rows for finding in (_documented(row, question.limits), _repeated(row, question.limits))]


def _documented(row: Row, limits: Limits) -> Finding:
    baseline = baseline_of(row["n_baseline"], row["n_baseline"], limits["baseline_rows"])
    compared = baseline is BaselineState.OK
    triggers = names_of({
        "z_score": compared and (row["max_z"] or 0.0) > limits["z_score"],
        "violations": row["violations"] > limits["violations"],
        "sensor_delta": compared and (row["max_sensor_delta"] or 0.0) > limits["sensor_delta"],
    })  # fmt: skip
    return _finding(row, "documented", triggers, 0.85, baseline)


def _repeated(row: Row, limits: Limits) -> Finding:
    """Two readings of the window must be out, on a scale that outliers do not stretch; violations beyond the usual."""
    baseline = baseline_of(row["n_baseline"], row["n_baseline"], limits["baseline_rows"])
    compared = baseline is BaselineState.OK
    expected = row["baseline_violations"] * row["n_rows"] / max(row["n_baseline"], 1)
    burst = row["violations"] > limits["least_violations"] and row["violating_rows"] > 1
    triggers = names_of({
        "second_z": compared and (row["second_z"] or 0.0) > limits["robust_z"],
        "violation_rate": burst and count_z(row["violations"], expected) > limits["violation_z"],
        "sensor_change": compared and (row["second_sensor_delta"] or 0.0) > limits["sensor_delta"],
    })  # fmt: skip
    return _finding(row, "rec", triggers, 0.85 + 0.03 * len(triggers), baseline)


def _finding(row: Row, signal: str, triggers: tuple[str, ...], confidence: float, baseline: BaselineState) -> Finding:
    return Finding(
        signal=signal,
        subject=row["edge_node_id"],
        triggers=triggers,
        confidence=confidence,
        sentence=f"{row['n_rows']} reports in 15 minutes with {row['violations']} protocol violations, at most "
        f"{row['max_z'] or 0.0:.1f} standard deviations and {row['max_sensor_delta'] or 0.0:.0f} sensors off.",
        evidence=dict(row),
        entities=[host(row["edge_node_id"]), resource("ot-sensor", f"sensors of {row['edge_node_id']}")],
        baseline=baseline,
    )
