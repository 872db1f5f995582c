"""The demo's result as data: .local/demo-report.json, and what the screen shows of it."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from shared.contracts.entity import AlertEntities

VERDICT_STEPS = ("judge", "check_false_positive")  # the step that decided, latest first


@dataclass(frozen=True)
class AlertLine:
    """One alert's way through the product. Confidence 0-1, cost in USD, seconds from opening to the verdict."""

    alert: str
    alert_id: str
    investigation_id: str
    severity: str  # the alert's own
    verdict_severity: str
    entities: list[str]
    known_bad: list[str]  # those that threat intelligence knows
    verdict: str
    confidence: float
    why: str  # one line: the first thing that speaks for the verdict, with its quote
    degradation_level: str
    actions: list[str]  # proposed
    carried_out: list[str]  # each with its status, such as dry_run
    approval: str  # the person's answer, or that none was needed
    outcome: str
    cost_usd: float
    seconds: float


@dataclass(frozen=True)
class AuditResult:
    """What the chains say."""

    records: int
    tenants: int
    chains_valid: bool


def alert_line(detail: Mapping[str, Any]) -> AlertLine:
    """The line of one investigation, from the API's detail."""
    state = detail["graph_state"]
    entities = AlertEntities.model_validate(state["entities"], extra="ignore")
    return AlertLine(
        alert=detail["alert_title"],
        alert_id=detail["alert_id"],
        investigation_id=detail["investigation_id"],
        severity=state["alert_severity"],
        verdict_severity=state["severity"] or state["alert_severity"],
        entities=[entity.primary_value for entity in entities.all()],
        known_bad=[item["value"] for item in state.get("ioc_matches", []) if "reputation" in item],
        verdict=state["classification"],
        confidence=state["confidence"],
        why=one_line_of_why(state),
        degradation_level=state["degradation_level"],
        actions=[f"{action['action']} {action['target']}" for action in state["recommended_actions"]],
        carried_out=[f"{action['action']} {action['target']}: {action['status']}" for action in detail["actions"]],
        approval=", ".join(_answer(item) for item in detail["approvals"]) or "not needed",
        outcome=state["case_facts"].get("disposition") or state["outcome"] or detail["state"],
        cost_usd=round(state["total_cost_usd"], 6),
        seconds=round(seconds_to_verdict(detail), 3),
    )


def seconds_to_verdict(detail: Mapping[str, Any]) -> float:
    """From opening the investigation to its verdict; waiting for a person is not counted."""
    times = {item["step"]: datetime.fromisoformat(item["happened_at"]) for item in detail["transitions"]}
    decided = next((times[step] for step in VERDICT_STEPS if step in times), max(times.values()))
    return (decided - datetime.fromisoformat(detail["created_at"])).total_seconds()


def one_line_of_why(state: Mapping[str, Any]) -> str:
    """The first thing that speaks for the verdict with its quote; else what is missing, or the decision's reason."""
    why = state["case_facts"].get("why") or {}
    if claims := why.get("speaks_for", []):
        quote = f': "{claims[0]["quote"]}"' if claims[0]["quote"] else ""
        return f"{claims[0]['claim'].rstrip('.')}{quote}"
    if missing := why.get("missing", []):
        return f"Missing: {missing[0]}"
    decided = [line for line in state.get("decision_chain", []) if line["step"] in VERDICT_STEPS]
    return str(decided[-1]["reasoning"]) if decided else ""


def write_report(  # noqa: PLR0913 - the report's parts
    path: Path,
    lines: Sequence[AlertLine],
    *,
    audit: AuditResult,
    parse_ms: Sequence[float],
    services: Mapping[str, str],
    model_provider: str,
    dead_letters: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Write the report and return it."""
    triage = [line.seconds * 1000 for line in lines]
    report = {
        "alerts": [asdict(line) for line in lines],
        "dead_letters": list(dead_letters),
        "audit": asdict(audit),
        "timings_ms": {
            "parse_p50": round(statistics.median(parse_ms), 1),
            "triage_p50": round(statistics.median(triage), 1),
            "triage_p95": round(statistics.quantiles(triage, n=20)[-1], 1),
        },
        "services": dict(services),
        "model_provider": model_provider,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2) + "\n")
    return report


def _answer(approval: Mapping[str, Any]) -> str:
    return f"{_words(approval['status'])} by {approval['decided_by']}"


def _words(name: str) -> str:
    return name.replace("_", " ")
