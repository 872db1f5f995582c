"""ATLAS-DETECT-003: somebody tells the model what it must not be told. No text of a question leaves the database."""

from __future__ import annotations

from pathlib import Path

from shared.contracts.alert import SeverityLevel
from shared.detection.finding import Finding, Limits, Row, account, names_of
from shared.detection.question import Question
from shared.stores.statements import statements

_SQL = statements(Path(__file__).with_suffix(".sql"))


async def evaluate(question: Question) -> list[Finding]:
    """Findings by user and session."""
    rows = await question.rows(_SQL["hits_by_session"])
    return [finding for row in rows for finding in (_documented(row), _persistent(row, question.limits))]


def _documented(row: Row) -> Finding:
    return Finding(
        subject=f"{row['user_id']}/{row['session_id']}",
        triggers=names_of({"safety_filter": row["hit_count"] > 0}),
        confidence=0.85,
        sentence=f"The safety filter stopped {row['hit_count']} questions of one session.",
        evidence=dict(row),
        entities=[account(row["user_id"])],
        severity=SeverityLevel.CRITICAL if row["hit_count"] and row["tool_calls_after"] else None,
    )


def _persistent(row: Row, limits: Limits) -> Finding:
    """What one slip of a filter is not: repeated, past the filter, or followed by the model using a tool."""
    hits = max(row["hit_count"], row["phrase_count"])
    triggers = names_of({
        "repeated": hits >= limits["hits"],
        "bypassed_filter": row["bypass_count"] >= limits["bypasses"],
        "tool_used_after": row["phrase_count"] > 0 and row["tool_calls_after"] > 0,
    })  # fmt: skip
    return Finding(
        signal="rec",
        subject=f"{row['user_id']}/{row['session_id']}",
        triggers=triggers,
        confidence=min(0.95, 0.7 + 0.05 * hits),
        sentence=f"{hits} injections in one session, {row['bypass_count']} past the filter, "
        f"{row['tool_calls_after']} questions with tool calls since.",
        evidence=dict(row),
        entities=[account(row["user_id"])],
        severity=SeverityLevel.CRITICAL if row["tool_calls_after"] else None,
        techniques=("AML.T0051.000",),
    )
