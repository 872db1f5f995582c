"""The demo's result: the same facts for people and for programs."""

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from local.demo.report import AlertLine, AuditResult, alert_line, seconds_to_verdict, write_report
from local.demo.run import expected, sample_files
from local.demo.screen import actions_of, in_order, table_of
from local.demo.waiting import TooLate, until

# The fields that the report promises for each alert.
PROMISED = {
    *("alert", "entities", "verdict", "confidence", "degradation_level", "actions", "approval", "cost_usd", "seconds"),
}


def detail(*steps: tuple[str, int], **fields: Any) -> dict[str, Any]:
    """The API's answer about one investigation, with transitions at seconds after its opening."""
    state = {
        "alert_severity": "high",
        "severity": "critical",
        "decision_chain": [{"step": "judge", "reasoning": "destructive action (row 5)"}],
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
        "investigation_id": "i-1",
        "state": "closed",
        "created_at": "2026-11-20T08:00:00+00:00",
        "transitions": [{"step": step, "happened_at": f"2026-11-20T08:00:{second:02}+00:00"} for step, second in steps],
        "approvals": [{"status": "granted", "decided_by": "senior"}],
        "actions": [{"action": "isolate_host", "target": "ws-17", "status": "dry_run"}],
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
    assert (line.verdict_severity, line.carried_out) == ("critical", ["isolate_host ws-17: dry_run"])
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


def drawn(*lines: AlertLine, width: int = 200, full: bool = False) -> str:
    screen = StringIO()
    Console(file=screen, width=width).print(table_of(lines, full=full))
    return screen.getvalue()


def test_table_shows_hostile_titles_as_text() -> None:
    assert "LSASS [red]memory[/] read" in drawn(alert_line(WAITED))


def test_case_takes_three_lines_with_severity_verdict_reason_and_what_was_a_dry_run() -> None:
    first, second, third = drawn(alert_line(WAITED)).splitlines()
    assert first.split()[:4] == ["critical", "true", "positive", "0.90"]
    assert "destructive action (row 5)" in second
    assert "dry run: isolate host ws-17" in third


def test_cut_is_marked_unless_everything_is_wanted() -> None:
    long = replace(alert_line(WAITED), why="because " * 40 + "of this")
    assert "…" in drawn(long, width=80)
    assert "of this" not in drawn(long, width=80)
    assert "of this" in drawn(long, width=80, full=True)


def test_addresses_of_attackers_are_defanged() -> None:
    line = replace(
        alert_line(WAITED), why='beacon: "http://203.0.113.7/x"', carried_out=["block_ip 203.0.113.7: dry_run"]
    )
    assert "hxxp://203[.]0[.]113[.]7/x" in drawn(line)
    assert "block ip 203[.]0[.]113[.]7" in drawn(line)


def test_action_that_nobody_granted_is_shown_as_not_carried_out() -> None:
    line = replace(alert_line(WAITED), actions=["isolate_host ws-17", "disable_account svc-1", "add_comment a-1"])
    assert actions_of(line) == "dry run: isolate host ws-17; not carried out: disable account svc-1, add comment"


def test_most_severe_verdict_comes_first_then_the_surest() -> None:
    line = alert_line(WAITED)
    lines = [
        replace(line, verdict_severity="low", alert="c"),
        replace(line, confidence=0.5, alert="b"),
        replace(line, confidence=0.7, alert="a"),
    ]
    assert [one.alert for one in in_order(lines)] == ["a", "b", "c"]


def test_expected_reads_the_samples_as_the_product_will() -> None:
    found = expected(sample_files())
    assert sum(len(alerts) for alerts in found.alerts.values()) >= 25
    assert found.unreadable >= 1


async def test_until_names_what_did_not_happen_in_time() -> None:
    async def never() -> bool:
        return False

    with pytest.raises(TooLate, match=r"The end did not happen within 0 s\. `aluskort logs host`"):
        await until(never, what="The end", seconds=0)
