"""A new rule that works: one signal, one threshold, and cases that hold. Its author replaces what it counts."""

from __future__ import annotations

import re
from pathlib import Path

from shared.errors import Conflict, InvalidInput

_SQL = """-- name: rows_by_user
SELECT user_id, count(*) AS current_count
FROM databricks_audit
WHERE tenant_id = %(tenant_id)s AND ts >= %(window_start)s AND ts < %(window_end)s
GROUP BY user_id
"""
_PY = '''"""{rule_id}: say in one sentence what somebody does who does this."""

from __future__ import annotations

from pathlib import Path

from shared.detection.finding import Finding, Limits, Row, account, names_of
from shared.detection.question import Question
from shared.stores.statements import statements

_SQL = statements(Path(__file__).with_suffix(".sql"))


async def evaluate(question: Question) -> list[Finding]:
    """Findings by user."""
    return [_of(row, question.limits) for row in await question.rows(_SQL["rows_by_user"])]


def _of(row: Row, limits: Limits) -> Finding:
    return Finding(
        subject=row["user_id"],
        triggers=names_of({{"count": row["current_count"] > limits["count"]}}),
        confidence=0.6,
        sentence=f"{{row['current_count']}} actions in one hour.",
        evidence=dict(row),
        entities=[account(row["user_id"])],
    )
'''
_VALUES = "{{user_id: u1, action: a, target_resource: t}}"
_ROWS = f"{{{{table: databricks_audit, count: {{count}}, since: {{since}}, values: {_VALUES}}}}}"
_YML = """rule_id: {rule_id}
version: "1.0"
title: {title}
summary: Say in one or two sentences what the rule sees and why it matters.
tables: [databricks_audit]
atlas_technique: AML.T0020
attack_technique: ""
threat_model: TM-01
severity: medium
every: 60
lookback: 1
baseline: 0
suppression: 24
documented: {{count: 100}}
rec: {{}}
false_positives:
  - Say who does the same without harm.
response:
  automatic: Say what happens without a person.
  approved: Say what a person may approve.
  playbook: pb-model-integrity
  mitigations: [AML.M0005]
firing:
{firing}
silent:
{silent}
"""


def write_rule(folder: Path, name: str, rule_id: str) -> list[Path]:
    """Write the three files of a rule and return them. Raises InvalidInput, or Conflict when one is there."""
    if not re.fullmatch(r"[a-z][a-z_]{5,47}", name):
        raise InvalidInput(
            "name", got=name, expected="6 to 48 lower-case letters and underscores, such as label_flipping"
        )
    cases: dict[str, list[tuple[str, int, float]]] = {
        "firing": [("above the threshold", 101, 1), ("far above it", 500, 1), ("in the last minutes", 101, 0.1)],
        "silent": [("exactly the threshold", 100, 1), ("before the window", 100, 3), ("a single row", 1, 1)],
    }
    texts = {
        "sql": _SQL,
        "py": _PY.format(rule_id=rule_id),
        "yml": _YML.format(
            rule_id=rule_id,
            title=name.replace("_", " ").capitalize(),
            **{
                kind: "\n".join(_case(*case, fires=kind == "firing") for case in found) for kind, found in cases.items()
            },
        ),
    }
    paths = {kind: folder / f"{name}.{kind}" for kind in texts}
    if there := [path.name for path in paths.values() if path.exists()]:
        raise Conflict(f"{there[0]} is there already; nothing was written")
    for kind, path in paths.items():
        path.write_text(texts[kind])
    return list(paths.values())


def _case(name: str, count: int, since: float, *, fires: bool) -> str:
    expected = "\n    fires: {documented: [count]}" if fires else ""
    return f"  - name: {name}\n    rows:\n      - {_ROWS.format(count=count, since=since)}{expected}"
