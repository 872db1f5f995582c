"""ATLAS-DETECT-005: the oracle that checks a model's answers against physics fails, drags or has fallen silent."""

from __future__ import annotations

from pathlib import Path

from shared.detection.finding import Finding, Limits, Row, host, names_of
from shared.detection.question import Question
from shared.detection.statistics import share_z, wilson_low
from shared.stores.statements import statements

_SQL = statements(Path(__file__).with_suffix(".sql"))


async def evaluate(question: Question) -> list[Finding]:
    """Findings by node."""
    rows = await question.rows(_SQL["checks_by_node"])
    return [
        finding for row in rows for finding in (_documented(row, question.limits), _sustained(row, question.limits))
    ]


def _documented(row: Row, limits: Limits) -> Finding:
    total = row["total_checks"]
    rate = row["fail_count"] / total if total else 0.0
    triggers = names_of({
        "error_count": row["error_count"] > limits["error_count"],
        "timeout_count": row["timeout_count"] > limits["timeout_count"],
        "fail_rate": rate > limits["fail_rate"] and total >= limits["fail_rate_checks"],
        "silent": total == 0,
        "max_latency": row["max_latency"] > limits["max_latency_ms"],
    })  # fmt: skip
    return _finding(row, "documented", triggers, 0.9)


def _sustained(row: Row, limits: Limits) -> Finding:
    """Shares and not counts, over checks enough to tell; and a node that goes on answering unchecked."""
    total, working = row["total_checks"], row["inferences"] >= limits["least_inferences"]
    skip_z = share_z(row["skipped"], row["inferences"], row["usual_skipped"], row["usual_inferences"])
    skips = row["skipped"] / max(row["inferences"], 1)
    usual = row["usual_skipped"] / max(row["usual_inferences"], 1)
    triggers = names_of({
        "errors": wilson_low(row["error_count"], total) > limits["error_share"],
        "failures": wilson_low(row["fail_count"], total) > limits["failing_share"],
        "timeouts": wilson_low(row["timeout_count"], total) > limits["timeout_share"],
        "slow": total >= limits["least_checks"] and (row["median_latency"] or 0.0) > limits["median_latency_ms"],
        "unchecked": working and total == 0,
        "bypassed": working and skip_z > limits["skip_z"] and skips - usual > limits["skip_increase"],
    })  # fmt: skip
    return _finding(row, "rec", triggers, 0.85 + 0.02 * len(triggers))


def _finding(row: Row, signal: str, triggers: tuple[str, ...], confidence: float) -> Finding:
    total = row["total_checks"]
    return Finding(
        signal=signal,
        subject=row["edge_node_id"],
        triggers=triggers,
        confidence=confidence,
        sentence=f"{total} checks in 15 minutes with {row['error_count']} errors, {row['timeout_count']} timeouts and "
        f"{row['fail_count']} failures, beside {row['inferences']} inferences.",
        evidence=dict(row) | {"silent": total == 0, "fail_rate": row["fail_count"] / total if total else None},
        entities=[host(row["edge_node_id"])],
    )
