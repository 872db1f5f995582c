"""The alerts of local/samples, as rows of Sentinel's SecurityAlert table."""

from __future__ import annotations

import json
from typing import Any

from tests.benchmarks.harness import ROOT

LEFT_OUT = {"malformed.json"}  # no alerts


def alert_rows() -> list[dict[str, Any]]:
    """Every alert row, in the order of the files."""
    rows: list[dict[str, Any]] = []
    for path in sorted((ROOT / "local/samples").glob("*.json")):
        if path.name not in LEFT_OUT:
            held = json.loads(path.read_text(encoding="utf-8"))
            records = held.get("records", [held]) if isinstance(held, dict) else held
            rows += [record for record in records if record.get("SystemAlertId")]
    return rows


def alert_text(row: dict[str, Any]) -> str:
    """What an alert says in words: title, description, extended properties."""
    return "\n".join(str(row.get(name) or "") for name in ("AlertName", "Description", "ExtendedProperties"))
