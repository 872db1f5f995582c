"""The runner on a real PostgreSQL: what is published, how often, and what happens when a rule fails."""

import importlib.util
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from shared.bus.outbox import Outbox
from shared.bus.producer import MemoryProducer
from shared.contracts.alert import CanonicalAlert
from shared.detection.backtest import backtest
from shared.detection.catalogue import Detection, catalogue, read_rule
from shared.detection.finding import Finding
from shared.detection.fixtures import failures, results_of
from shared.detection.question import Question
from shared.detection.rule import WATERMARK
from shared.detection.runner import DetectionRunner, windows
from shared.detection.suppression import CAP
from shared.detection.telemetry import Telemetry, read_row
from shared.detection.template import write_rule
from shared.detection.tuning import Tunings
from shared.errors import Conflict, InvalidInput, StoreUnavailable
from shared.parsing.entities import parse_alert_entities
from shared.stores.postgres import Postgres
from tests.conftest import Database

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
INJECTION = "ATLAS-DETECT-003"
EXTRACTION = "ATLAS-DETECT-002"


@pytest.fixture
def bus() -> MemoryProducer:
    return MemoryProducer()


@pytest.fixture
def made(database: Callable[[str], Database]) -> Database:
    return database(f"runner_{uuid4().hex[:8]}")


@pytest.fixture
async def own(made: Database) -> Any:
    store = Postgres(made.url)
    yield store
    await store.close()


@pytest.fixture
def outbox(own: Postgres, bus: MemoryProducer) -> Outbox:
    return Outbox(own, bus)


@pytest.fixture
def runner(own: Postgres, outbox: Outbox) -> DetectionRunner:
    return DetectionRunner(own, outbox)


async def asked(
    store: Postgres, tenant: str, *, number: int = 1, ago: timedelta = timedelta(minutes=20), **more: Any
) -> None:
    row = {"user_id": "u1", "session_id": "s1", "query_text": "<b>secret</b> words", "safety_filter_triggered": True}
    read = [
        read_row(
            "orbital_nl_query_logs",
            {"ts": NOW - ago + timedelta(seconds=n / 10), "tenant_id": tenant, **row, **more},
            origin=str(uuid4()),
        )
        for n in range(number)
    ]
    await Telemetry(store).store("orbital_nl_query_logs", read)


def alerts(bus: MemoryProducer) -> list[CanonicalAlert]:
    return [CanonicalAlert.from_json(message.value) for message in bus.on("alerts.raw")]


def events(bus: MemoryProducer) -> list[dict[str, Any]]:
    return [json.loads(message.value) for message in bus.on("audit.events")]


async def test_run_all_has_a_list_for_each_of_the_ten_rules_also_on_empty_tables(runner: DetectionRunner) -> None:
    results = await runner.run_all(now=NOW)
    assert results == {f"ATLAS-DETECT-{number:03d}": [] for number in range(1, 11)}


async def test_detection_becomes_an_alert_and_an_audit_event(
    own: Postgres, runner: DetectionRunner, outbox: Outbox, bus: MemoryProducer
) -> None:
    await asked(own, "t-a")
    results = await runner.run_all(now=NOW)
    await outbox.settled()
    (alert,) = alerts(bus)
    (result,) = [found for found in results[INJECTION] if found.triggered]
    assert (alert.source, alert.product, alert.tenant_id) == ("atlas", "ALUSKORT ATLAS Detection", "t-a")
    assert alert.techniques[0] == "AML.T0051"
    assert "secret" not in alert.to_json().decode()
    assert alert.raw_payload["fp_dismissal_allowed"] is True
    assert [entity.primary_value for entity in parse_alert_entities(alert.entities_raw, {}).accounts] == ["u1"]
    (event,) = events(bus)
    assert (event["event_type"], event["alert_id"]) == ("atlas.detection_fired", alert.alert_id)
    assert event["context"]["rule_version"] == result.rule_version == "1.0"
    assert event["decision"]["confidence"] == 0.85


async def test_same_moment_twice_gives_one_message_and_the_same_results(
    own: Postgres, runner: DetectionRunner, outbox: Outbox, bus: MemoryProducer
) -> None:
    await asked(own, "t-a")
    first, second = await runner.run_all(now=NOW), await runner.run_all(now=NOW)
    await outbox.settled()
    assert [found.triggers for found in first[INJECTION]] == [found.triggers for found in second[INJECTION]]
    assert len(alerts(bus)) == len(events(bus)) == 1


async def test_overlapping_windows_give_one_alert_and_a_new_trigger_updates_it(
    own: Postgres, runner: DetectionRunner, outbox: Outbox, bus: MemoryProducer
) -> None:
    await asked(own, "t-a")
    for minutes in (0, 15, 30):
        await runner.run_every(15, now=NOW + timedelta(minutes=minutes))
    await asked(own, "t-a", ago=timedelta(minutes=-10), tool_calls_made=[{"name": "set_point"}])
    await runner.run_every(15, now=NOW + timedelta(minutes=30))
    await outbox.settled()
    first, again = alerts(bus)
    assert first.alert_id == again.alert_id
    assert (first.severity, again.severity) == ("high", "critical")
    assert again.raw_payload["evidence"]["refire"] == 1


async def test_five_hundred_hits_of_a_session_are_one_alert_of_each_signal(
    own: Postgres, runner: DetectionRunner, outbox: Outbox, bus: MemoryProducer
) -> None:
    await asked(own, "t-a", number=500)
    await runner.run_every(15, now=NOW)
    await outbox.settled()
    assert sorted(alert.raw_payload["signal"] for alert in alerts(bus)) == ["documented", "rec"]
    assert {alert.raw_payload["evidence"]["hit_count"] for alert in alerts(bus)} == {500}


async def test_more_subjects_than_the_cap_are_rolled_up_and_counted(
    own: Postgres, runner: DetectionRunner, outbox: Outbox, bus: MemoryProducer
) -> None:
    for number in range(CAP + 7):
        await asked(own, "t-a", session_id=f"s{number}")
    await runner.run_every(15, now=NOW)
    await outbox.settled()
    (rolled,) = [alert for alert in alerts(bus) if alert.raw_payload["signal"] == "roll-up"]
    assert len(alerts(bus)) == CAP + 1
    assert rolled.raw_payload["evidence"]["count"] == 7


async def test_tenants_do_not_see_each_other(
    own: Postgres, runner: DetectionRunner, outbox: Outbox, bus: MemoryProducer
) -> None:
    await asked(own, "t-a", number=120, safety_filter_triggered=False)
    await asked(own, "t-b", number=3, safety_filter_triggered=False)
    await runner.run_all(now=NOW)
    await outbox.settled()
    assert {alert.tenant_id for alert in alerts(bus)} == {"t-a"}


async def test_failing_rule_stops_no_other_and_is_recorded_once_until_it_runs_again(
    own: Postgres, outbox: Outbox, bus: MemoryProducer, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(question: Question) -> list[Finding]:
        await question.rows("SELECT 1 / 0 AS broken")
        return []

    await asked(own, "t-a", number=120)
    rules = dict(catalogue())
    rules[EXTRACTION] = replace(rules[EXTRACTION], evaluate=broken)
    runner = DetectionRunner(own, outbox, rules)
    for _ in range(2):
        results = await runner.run_all(now=NOW)
    assert results[EXTRACTION] == []
    assert [found.triggered for found in results[INJECTION]] != []
    assert "detection.failed" in {getattr(record, "action", "") for record in caplog.records}
    await DetectionRunner(own, outbox).run_all(now=NOW)
    await outbox.settled()
    system = [event["event_type"] for event in events(bus) if event["event_category"] == "system"]
    assert system == ["degradation.entered", "degradation.exited"]


async def test_missing_table_is_recorded_and_the_other_rules_run(
    own: Postgres, made: Database, runner: DetectionRunner, outbox: Outbox, bus: MemoryProducer
) -> None:
    await asked(own, "t-a")
    with psycopg.connect(made.owner_url) as owner:
        owner.execute("ALTER TABLE partner_api_logs RENAME COLUMN partner_id TO renamed")
    results = await runner.run_all(now=NOW)
    await outbox.settled()
    assert [found.triggered for found in results[INJECTION]] == [True]
    failed = [event["context"] for event in events(bus) if event["event_type"] == "degradation.entered"]
    assert [context["component"] for context in failed] == ["ATLAS-DETECT-010"]
    assert "partner_id" in failed[0]["error"]


async def test_rows_that_come_late_are_found_by_the_next_run(
    own: Postgres, runner: DetectionRunner, outbox: Outbox, bus: MemoryProducer
) -> None:
    await asked(own, "t-b", safety_filter_triggered=False)
    await runner.run_every(15, now=NOW)
    await asked(own, "t-a", ago=timedelta(minutes=20))
    await runner.run_every(15, now=NOW + timedelta(minutes=15))
    await outbox.settled()
    assert [alert.tenant_id for alert in alerts(bus)] == ["t-a"]


async def test_what_a_stopped_host_missed_is_looked_at_once(
    own: Postgres, runner: DetectionRunner, outbox: Outbox, bus: MemoryProducer
) -> None:
    await asked(own, "t-a", ago=timedelta(hours=6), safety_filter_triggered=False)
    await runner.run_every(15, now=NOW - timedelta(hours=5))
    await asked(own, "t-a", ago=timedelta(hours=3))  # while no timer ran
    for _ in range(2):
        await runner.run_every(15, now=NOW)
    await outbox.settled()
    (alert,) = alerts(bus)
    assert datetime.fromisoformat(alert.timestamp) < NOW - timedelta(hours=1)


def test_windows_of_a_short_outage_are_one_and_of_a_long_one_meet() -> None:
    rule = catalogue()[INJECTION].rule
    assert len(windows(rule, NOW, NOW - timedelta(minutes=45))) == 1
    found = windows(rule, NOW, NOW - timedelta(hours=3, minutes=30))
    assert len(found) == 4
    assert all(before.end == after.start for before, after in pairwise(found))


async def test_rows_after_the_watermark_wait_for_the_next_run(
    own: Postgres, runner: DetectionRunner, outbox: Outbox, bus: MemoryProducer
) -> None:
    await asked(own, "t-a", ago=WATERMARK / 2)
    await runner.run_every(15, now=NOW)
    await outbox.settled()
    assert alerts(bus) == []


async def test_unavailable_database_is_raised() -> None:
    unavailable = Postgres("postgresql://a:b@127.0.0.1:1/d", wait_seconds=0.2)
    runner = DetectionRunner(unavailable, Outbox(unavailable, MemoryProducer()))
    with pytest.raises(StoreUnavailable):
        await runner.run_all(now=NOW)
    await unavailable.close()


async def test_changed_threshold_is_used_named_in_results_and_in_the_audit_chain(
    own: Postgres, runner: DetectionRunner, outbox: Outbox, bus: MemoryProducer
) -> None:
    await asked(own, "t-a", number=150, safety_filter_triggered=False)
    rule = catalogue()[EXTRACTION].rule
    tunings = Tunings(own, outbox)
    assert await tunings.change("t-a", rule, {"query_count": 200}, reason="a dashboard", by="eng") == "1.0+1"
    results = await runner.run_all(now=NOW)
    assert [found.signal for found in results[EXTRACTION] if found.triggered] == []
    assert await tunings.change("t-a", rule, {"gap_ms": 5}, reason="slow clients", by="eng") == "1.0+2"
    assert await tunings.change("t-a", rule, {"query_count": 120}, reason="it was too much", by="eng") == "1.0+3"
    (found,) = [one for one in (await runner.run_all(now=NOW))[EXTRACTION] if one.triggered]
    assert (found.rule_version, found.thresholds["query_count"], found.thresholds["gap_ms"]) == ("1.0+3", 120, 5)
    await outbox.settled()
    changes = [event["context"] for event in events(bus) if event["event_type"] == "config.changed"]
    assert [(change["before"], change["after"]) for change in changes] == [
        ({"query_count": 100}, {"query_count": 200}),
        ({"gap_ms": 500}, {"gap_ms": 5}),
        ({"query_count": 200}, {"query_count": 120}),
    ]


@pytest.mark.parametrize("thresholds", [{"nonsense": 1}, {"query_count": "many"}])
async def test_threshold_that_the_rule_does_not_have_is_refused(
    own: Postgres, outbox: Outbox, thresholds: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput, match="ATLAS-DETECT-002"):
        await Tunings(own, outbox).change("t-a", catalogue()[EXTRACTION].rule, thresholds, reason="r", by="eng")


async def test_signal_that_a_tenant_wants_no_alerts_of_makes_none(
    own: Postgres, runner: DetectionRunner, outbox: Outbox, bus: MemoryProducer
) -> None:
    await asked(own, "t-a")
    rule = catalogue()[INJECTION].rule
    await Tunings(own, outbox).change("t-a", rule, {}, silent=frozenset({"documented"}), reason="r", by="eng")
    await runner.run_all(now=NOW)
    await outbox.settled()
    assert alerts(bus) == []


async def test_backtest_gives_an_alert_once_a_suppression_period_and_publishes_nothing(
    own: Postgres, outbox: Outbox, bus: MemoryProducer
) -> None:
    await asked(own, "t-a", ago=timedelta(hours=20))
    await asked(own, "t-a", ago=timedelta(hours=2))
    past = backtest(own, catalogue()[INJECTION], "t-a", since=NOW - timedelta(days=1), until=NOW)
    assert [result.signal async for result in past] == ["documented", "documented"]
    assert await outbox.sweep() == 0
    assert bus.messages == []


async def test_new_rule_holds_its_own_cases(own: Postgres, tmp_path: Path) -> None:
    paths = write_rule(tmp_path, "label_flipping", "ATLAS-DETECT-042")
    rule = read_rule((tmp_path / "label_flipping.yml").read_text(), "label_flipping", "label_flipping.yml")
    spec = importlib.util.spec_from_file_location("label_flipping", tmp_path / "label_flipping.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    detection = Detection(rule, module.evaluate)
    for fixture in (*rule.firing, *rule.silent):
        results = await results_of(own, [detection], fixture)
        assert failures(fixture, results["ATLAS-DETECT-042"]) == []
    with pytest.raises(Conflict, match="is there already"):
        write_rule(tmp_path, "label_flipping", "ATLAS-DETECT-043")
    assert len(paths) == 3


async def test_commit_that_is_built_twice_is_one_alert(
    own: Postgres, runner: DetectionRunner, outbox: Outbox, bus: MemoryProducer
) -> None:
    row = {"tenant_id": "t-a", "pipeline_id": "p", "trigger_type": "push", "commit_hash": "c", "tests_passed": 0}
    for hours in (2, 3):
        built = {**row, "ts": NOW - timedelta(hours=hours), "dependency_changes": "+ left-pad"}
        await Telemetry(own).store("cicd_audit", [read_row("cicd_audit", built, origin=str(hours))])
    await runner.run_every(60, now=NOW)
    await outbox.settled()
    assert [alert.raw_payload["signal"] for alert in alerts(bus)] == ["documented-change"]
