"""ATLAS-DETECT-006: a model or its code got into production past approval, past tests, or is not what was approved."""

from __future__ import annotations

from pathlib import Path

from shared.contracts.detection import TrustLevel
from shared.detection.finding import Finding, Row, account, file_hash, host, names_of, resource
from shared.detection.question import Question
from shared.stores.statements import statements

_SQL = statements(Path(__file__).with_suffix(".sql"))
SHA256_LENGTH = 64


async def evaluate(question: Question) -> list[Finding]:
    """Findings by model version, by commit and by node."""
    promotions = await question.rows(_SQL["promotions"])
    changes = await question.rows(_SQL["dependency_changes"])
    strangers = await question.rows(_SQL["unknown_hashes"])
    return [
        *(finding for row in promotions for finding in (_unapproved(row), _self_approved(row))),
        *(finding for row in changes for finding in (_untested(row), _failing_tests(row))),
        *map(_unknown_hash, strangers),
    ]


def _unapproved(row: Row) -> Finding:
    alone = row["action"] == "stage_transition" and not row["approved_by"].strip()
    return _promotion(row, "documented", names_of({"unapproved_promotion": alone}), 0.85)


def _self_approved(row: Row) -> Finding:
    """The other ways into production, and the approver who is the promoter."""
    approver = row["approved_by"].strip()
    triggers = names_of({
        "self_approved": approver == row["user_id"],
        "unapproved_deployment": not approver and row["action"] != "stage_transition",
    })  # fmt: skip
    return _promotion(row, "rec", triggers, 0.80)


def _promotion(row: Row, signal: str, triggers: tuple[str, ...], confidence: float) -> Finding:
    digest = row["model_hash"] or ""
    return Finding(
        signal=signal,
        subject=f"{row['model_name']}:{row['model_version'] or digest or row['ts'].isoformat()}",
        triggers=triggers,
        confidence=confidence,
        sentence=f"A model version went to {row['stage']} by {row['action']} without another person's approval.",
        evidence=dict(row),
        entities=[
            account(row["user_id"]),
            resource("ml-model", row["model_name"]),
            *([file_hash(digest)] if len(digest) == SHA256_LENGTH else []),
        ],
    )


def _untested(row: Row) -> Finding:
    triggers = names_of({"untested_dependency_change": row["tests_passed"] == 0})
    return _change(row, "documented-change", triggers, 0.80)


def _failing_tests(row: Row) -> Finding:
    triggers = names_of({
        "failing_tests": (row["tests_failed"] or 0) > 0,
        "no_test_reported": row["tests_passed"] is None and row["reports_tests"],
    })  # fmt: skip
    return _change(row, "rec-change", triggers, 0.75)


def _change(row: Row, signal: str, triggers: tuple[str, ...], confidence: float) -> Finding:
    return Finding(
        signal=signal,
        subject=f"{row['pipeline_id']}:{row['commit_hash']}",
        triggers=triggers,
        confidence=confidence,
        sentence=f"Dependencies changed with {_number(row['tests_passed'])} tests passed and "
        f"{_number(row['tests_failed'])} failed.",
        evidence=dict(row),
        entities=[
            resource("ml-pipeline", row["pipeline_id"]),
            *([account(row["deployer"])] if row["deployer"] else []),
        ],
        techniques=("AML.T0018",),
    )


def _unknown_hash(row: Row) -> Finding:
    digest = row["model_weight_hash"]
    return Finding(
        signal="hash",
        subject=f"{row['edge_node_id']}:{digest}",
        triggers=("hash_mismatch",),
        confidence=0.90,
        sentence=f"A node reported {row['reports']} times weights that no production model has.",
        evidence=dict(row),
        entities=[host(row["edge_node_id"]), *([file_hash(digest)] if len(digest) == SHA256_LENGTH else [])],
        trust=TrustLevel.UNTRUSTED,
        immediate=True,
        techniques=("AML.T0018",),
    )


def _number(value: int | None) -> str:
    return "an unknown number of" if value is None else str(value)
