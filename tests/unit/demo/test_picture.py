"""The README's picture: the report of a run, drawn."""

import json
from dataclasses import asdict
from pathlib import Path

from local.demo.picture import picture
from local.demo.report import alert_line
from tests.unit.demo.test_report import WAITED


def test_picture_shows_the_cases_and_what_the_run_came_to(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    audit = {"records": 12, "tenants": 1, "chains_valid": True}
    times = {"triage_p50": 1000, "triage_p95": 2000}
    known = {"alerts": [asdict(alert_line(WAITED))], "audit": audit, "timings_ms": times}
    report.write_text(json.dumps(known | {"model_provider": "simulated", "dead_letters": []}))
    drawn = picture(report).replace("&#160;", " ")
    for said in (
        "true positive 0.90",
        "1 alerts: 1 approved",
        "1 actions carried out",
        "12 records",
        "simulated model",
    ):
        assert said in drawn
