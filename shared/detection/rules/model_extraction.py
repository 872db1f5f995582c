"""ATLAS-DETECT-002: somebody asks a model so much that the answers could train a copy of it."""

from __future__ import annotations

from pathlib import Path

from shared.contracts.detection import BaselineState
from shared.detection.finding import Finding, Limits, Row, account, addresses, names_of, resource
from shared.detection.question import Question
from shared.detection.statistics import baseline_of, count_z
from shared.stores.statements import statements

_SQL = statements(Path(__file__).with_suffix(".sql"))


async def evaluate(question: Question) -> list[Finding]:
    """Findings by user, of the questions and of the calls of an inference API."""
    limits = question.limits
    asked = await question.rows(_SQL["questions_by_user"])
    called = await question.rows(_SQL["calls_by_identity"])
    return [
        *(finding for row in asked for finding in (_documented(row, limits), _more_than_ever(row, limits))),
        *(_api(row, limits) for row in called),
    ]


def _documented(row: Row, limits: Limits) -> Finding:
    count = row["query_count"]
    return Finding(
        subject=row["user_id"],
        triggers=names_of({"query_count": count > limits["query_count"]}),
        confidence=min(0.9, 0.6 + count / 1000),
        sentence=f"{count} questions to the model in 6 hours, {row['distinct_sessions']} sessions.",
        evidence=_evidence(row, limits),
        entities=[account(row["user_id"])],
    )


def _more_than_ever(row: Row, limits: Limits) -> Finding:
    """Against the user's own largest block; who is new is compared with the largest but 5 % of all users' blocks."""
    known = baseline_of(row["most_queries"], row["observed_days"], limits["own_days"]) is BaselineState.OK
    usual = float(row["most_queries"]) if known else (row["peer_queries"] or 0.0)
    comparable = known or row["peer_blocks"] >= limits["peer_blocks"]
    z, ratio = count_z(row["query_count"], usual), row["query_count"] / max(usual, 1.0)
    enough = row["query_count"] >= limits["least_queries"]
    holds = comparable and enough and z > limits["count_z"] and ratio > limits["ratio"]
    return Finding(
        signal="rec",
        subject=row["user_id"],
        triggers=names_of({"count_z": holds}),
        confidence=min(0.95, 0.6 + z / 50),
        sentence=f"{row['query_count']} questions to the model in 6 hours where at most {usual:.0f} are usual.",
        evidence=_evidence(row, limits)
        | {"usual_most": usual, "count_z": z, "compared_with": "own" if known else "peers"},
        entities=[account(row["user_id"])],
        baseline=BaselineState.OK if comparable else BaselineState.NO_BASELINE,
    )


def _api(row: Row, limits: Limits) -> Finding:
    count, gap, endpoints = row["query_count"], row["median_gap_ms"], row["distinct_endpoints"]
    fast = gap is not None and gap < limits["gap_ms"]
    many = endpoints > limits["api_endpoints"]
    triggers = names_of({"gap": fast, "distinct_endpoints": many}) if count > limits["api_count"] else ()
    if count > 500 and gap is not None and gap < 200:
        confidence = 0.95
    else:
        confidence = 0.85 if count > 200 and endpoints > 3 else 0.70
    return Finding(
        signal="api",
        subject=row["user_id"],
        triggers=triggers,
        confidence=confidence,
        sentence=f"{count} calls of {endpoints} inference endpoints in 6 hours.",
        evidence={name: row[name] for name in row if name != "endpoints"},
        entities=[
            account(row["user_id"]),
            *addresses(row["source_ips"]),
            *(resource("ml-endpoint", name) for name in row["endpoints"][:5]),
        ],
    )


def _evidence(row: Row, limits: Limits) -> dict[str, object]:
    gap = row["median_gap_ms"]
    kept = ("user_id", "query_count", "median_gap_ms", "distinct_sessions", "median_tokens", "span_minutes")
    return {name: row[name] for name in kept} | {"automation": gap is not None and gap < limits["gap_ms"]}
