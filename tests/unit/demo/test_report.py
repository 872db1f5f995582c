"""The demo's result: the same facts for people and for programs."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from local.demo.report import AuditResult, alert_line, seconds_to_verdict, table_of, write_report
from local.demo.run import expected, sample_files
from local.demo.waiting import TooLate, until

# The fields that the report promises for each alert.
PROMISED = {
    *("alert", "entities", "verdict", "confidence", "degradation_level", "actions", "approval", "cost_usd", "seconds"),
}


def detail(*steps: tuple[str, int], **fields: Any) -> dict[str, Any]:
    """The API's answer about one investigation, with transitions at seconds after its opening."""
    state = {
        "alert_severity": "high",
        "entities": {"hosts": [{"entity_type": "host", "primary_value": "ws-17"}]},
        "classification": "true_positive",
        "confidence": 0.9,
        "degradation_level": "full_capability",
        "recommended_actions": [{"action": "isolate_host", "target": "ws-17"}],
        "case_facts": {},
        "outcome": "approved",
        "total_cost_usd": 0.0123456789,
    }
    return {
        "alert_title": "LSASS [red]memory[/] read",
        "alert_id": "a-1",
        "state": "closed",
        "created_at": "2026-11-20T08:00:00+00:00",
        "transitions": [{"step": step, "happened_at": f"2026-11-20T08:00:{second:02}+00:00"} for step, second in steps],
        "approvals": [{"status": "granted", "decided_by": "senior"}],
        "graph_state": state | fields,
    }


WAITED = detail(("extract_iocs", 1), ("check_false_positive", 2), ("judge", 5), ("respond", 50))


@pytest.mark.parametrize(
    ("case", "seconds"),
    [
        (WAITED, 5),
        (detail(("extract_iocs", 1), ("check_false_positive", 2)), 2),
        (detail(("extract_iocs", 1), ("fail", 9)), 9),
    ],
    ids=["judged", "known pattern", "failed"],
)
def test_seconds_to_verdict_leave_out_the_waiting_for_a_person(case: dict[str, Any], seconds: float) -> None:
    assert seconds_to_verdict(case) == seconds


def test_alert_line_holds_what_became_of_the_alert() -> None:
    line = alert_line(WAITED)
    assert (line.entities, line.actions, line.approval) == (["ws-17"], ["isolate_host ws-17"], "granted by senior")
    assert (line.verdict, line.outcome, line.cost_usd, line.seconds) == ("true_positive", "approved", 0.012346, 5)


def test_alert_line_of_a_case_without_approval_and_outcome_says_so() -> None:
    line = alert_line({**detail(("judge", 1), outcome=""), "approvals": []})
    assert (line.approval, line.outcome) == ("not needed", "closed")


def test_alert_line_of_a_disposed_case_says_what_it_was_and_nothing_of_an_approval() -> None:
    disposed = detail(("judge", 1), outcome="disposed", case_facts={"disposition": "false_positive"})
    line = alert_line({**disposed, "approvals": [{"status": "disposed", "decided_by": "senior"}]})
    assert (line.approval, line.outcome) == ("disposed by senior", "false_positive")


def test_report_has_the_promised_fields(tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.json"
    write_report(
        path,
        [alert_line(WAITED), alert_line(detail(("judge", 1)))],
        audit=AuditResult(records=12, tenants=2, chains_valid=True),
        parse_ms=[1, 2, 9],
        services={"redis": "6"},
        model_provider="simulated",
        dead_letters=[{"error_type": "InvalidInput"}],
    )
    report = json.loads(path.read_text())
    assert all(set(line) >= PROMISED for line in report["alerts"])
    assert report["audit"] == {"records": 12, "tenants": 2, "chains_valid": True}
    assert report["timings_ms"]["parse_p50"] == 2
    assert report["timings_ms"]["triage_p50"] == 3000
    assert report["timings_ms"]["triage_p95"] >= 5000
    assert (report["services"], report["model_provider"]) == ({"redis": "6"}, "simulated")


def test_table_shows_hostile_titles_as_text() -> None:
    screen = StringIO()
    Console(file=screen, width=200).print(table_of([alert_line(WAITED)]))
    assert "LSASS [red]memory[/] read" in screen.getvalue()
    assert "true positive 0.90" in screen.getvalue()


def test_expected_reads_the_samples_as_the_product_will() -> None:
    found = expected(sample_files())
    assert sum(len(alerts) for alerts in found.alerts.values()) >= 25
    assert found.unreadable >= 1


async def test_until_names_what_did_not_happen_in_time() -> None:
    async def never() -> bool:
        return False

    with pytest.raises(TooLate, match=r"The end did not happen within 0 s\. `aluskort logs host`"):
        await until(never, what="The end", seconds=0)
