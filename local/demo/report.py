"""The demo's result: a table for people and .local/demo-report.json with the same fields."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.box import HORIZONTALS
from rich.markup import escape
from rich.table import Table

from shared.contracts.entity import AlertEntities

VERDICT_STEPS = ("judge", "check_false_positive")  # the step that decided, latest first


@dataclass(frozen=True)
class AlertLine:
    """One alert's way through the product. Confidence 0-1, cost in USD, seconds from opening to the verdict."""

    alert: str
    alert_id: str
    severity: str
    entities: list[str]
    verdict: str
    confidence: float
    degradation_level: str
    actions: list[str]
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
        severity=state["alert_severity"],
        entities=[entity.primary_value for entity in entities.all()],
        verdict=state["classification"],
        confidence=state["confidence"],
        degradation_level=state["degradation_level"],
        actions=[f"{action['action']} {action['target']}" for action in state["recommended_actions"]],
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


def table_of(lines: Sequence[AlertLine]) -> Table:
    """The table that ends the demo; readable from 80 columns on."""
    table = Table(title="What became of each alert", header_style="bold", show_lines=True, box=HORIZONTALS)
    table.add_column("alert, its entities", ratio=1, overflow="fold")
    table.add_column("verdict, actions, answer", ratio=1, overflow="fold")
    table.add_column("USD", justify="right", min_width=6)
    table.add_column("s", justify="right", min_width=4)
    for line in lines:
        actions = ", ".join(action.partition(" ")[0] for action in line.actions) or "no action"
        table.add_row(
            f"{escape(line.alert)} [dim]({line.severity})[/]\n{_some(line.entities)}",
            f"{_verdict(line.verdict)} {line.confidence:.2f} [dim]({_words(line.degradation_level)})[/]\n"
            f"{actions}\n[dim]{_words(line.outcome)}, answer {escape(line.approval)}[/]",
            f"{line.cost_usd:.4f}",
            f"{line.seconds:.1f}",
        )
    return table


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


def _some(values: Sequence[str], limit: int = 2) -> str:
    shown = "\n".join(escape(value[:40]) for value in values[:limit])
    return shown + (f" [dim]+{len(values) - limit}[/]" if len(values) > limit else "")


def _verdict(classification: str) -> str:
    colours = {"true_positive": "red", "false_positive": "green", "benign_true_positive": "green"}
    return f"[{colours.get(classification, 'yellow')}]{_words(classification)}[/]"


def _words(name: str) -> str:
    return name.replace("_", " ")
