"""Simulated telemetry is the same for one seed, has days and weeks, and shows an attack just where its label says."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from local.telemetry.attacks.attack import Attack, Strength
from local.telemetry.attacks.catalogue import ATTACKS
from local.telemetry.calendar import Day
from local.telemetry.campaign import campaign
from local.telemetry.normal.gateways import SHIFT_WORKER
from local.telemetry.simulation import companies, simulated, until
from local.telemetry.tables import TABLES, Block
from local.telemetry.writing import as_csv, rows, write_files, write_labels

MONDAY = date(2026, 9, 7)
DAYS = 2
SITE = companies(1, seed=5, size=0.3)[0]


def made(blocks: Iterable[Block]) -> Counter[tuple[Any, ...]]:
    return Counter((block.table, *row) for block in blocks for row in rows(block))


def content(block: Block) -> tuple[str, int]:
    """What tells a block from another, without the cost of writing its rows down."""
    return block.table, hash(tuple(tuple(column.tolist()) for column in block.columns.values()))


def attack_of(rule_id: str, strength: Strength) -> Attack:
    return ATTACKS[rule_id](SITE, Day(MONDAY, SITE.zone), strength, SITE.random("a test", rule_id, strength))


def test_day_is_the_same_whatever_days_were_made_before_it() -> None:
    tuesday = MONDAY + timedelta(days=1)
    whole = made(simulated([SITE], MONDAY, 2))
    assert whole == made(simulated([SITE], MONDAY, 1)) + made(simulated([SITE], tuesday, 1))


def test_other_seed_gives_other_rows() -> None:
    other = companies(1, seed=6, size=0.3)
    assert not made(simulated([SITE], MONDAY, 1)) & made(simulated(other, MONDAY, 1))


def test_every_table_has_rows_of_every_company_with_its_columns() -> None:
    sites = companies(3, seed=5, size=0.3)
    seen = set()
    for block in simulated(sites, MONDAY, 7):
        assert tuple(block.columns) == TABLES[block.table]
        assert {len(column) for column in block.columns.values()} == {len(block)}
        seen.add((block.table, block.columns["tenant_id"][0]))
    missing = {(table, site.tenant_id) for table in TABLES for site in sites} - seen
    assert {table for table, _ in missing} <= {"model_registry"}  # a week without a new model is possible


@pytest.mark.parametrize("table", ["databricks_audit", "orbital_nl_query_logs", "orbital_api_logs", "partner_api_logs"])
def test_people_work_by_day_and_on_weekdays(table: str) -> None:
    by_hour: Counter[int] = Counter()
    by_weekday: Counter[int] = Counter()
    no_shifts = [person for number, person in enumerate(SITE.callers) if number % SHIFT_WORKER]
    ours = {
        *(person.name for person in (*SITE.engineers, *SITE.analysts, *no_shifts)),
        *(p.name for p in SITE.partners),
    }
    name = {"orbital_api_logs": "caller_identity", "partner_api_logs": "partner_id"}.get(table, "user_id")
    offset = Day(MONDAY, SITE.zone).start.hour - 24  # hours; the zone does not change within these weeks
    for block in simulated([SITE], MONDAY, 14):
        if block.table == table:
            people = np.isin(block.columns[name].astype(str), list(ours))
            hours = block.columns["ts"][people].astype("datetime64[h]").astype(int) - offset
            by_hour.update((hours % 24).tolist())
            by_weekday.update(((hours // 24 + 3) % 7).tolist())
    assert sum(by_hour[hour] for hour in range(8, 18)) > 4 * sum(by_hour[hour] for hour in range(6))
    assert min(by_weekday[day] for day in range(5)) > 2 * max(by_weekday[day] for day in (5, 6))


@pytest.fixture(scope="module")
def clean() -> list[Block]:
    return list(simulated([SITE], MONDAY, DAYS))


@pytest.mark.parametrize("strength", Strength)
@pytest.mark.parametrize("rule_id", ATTACKS)
def test_attack_changes_only_rows_of_its_subjects_within_its_time(
    rule_id: str, strength: Strength, clean: list[Block]
) -> None:
    attack = attack_of(rule_id, strength)
    attacked = list(simulated([SITE], MONDAY, DAYS, [attack]))
    ordinary = {content(block) for block in clean}
    kept = {content(block) for block in attacked}
    before = made(block for block in clean if content(block) not in kept)
    after = made(block for block in attacked if content(block) not in ordinary)
    changed, lost = after - before, before - after
    assert changed
    start, end = attack.label.start.isoformat()[:19], (attack.label.end + timedelta(seconds=1)).isoformat()[:19]
    for table, *row in (*changed, *lost):
        assert start <= row[0] <= end
        assert set(row) & set(attack.label.subjects), f"{table}: {row}"


@pytest.mark.parametrize("strength", Strength)
@pytest.mark.parametrize("rule_id", ["ATLAS-DETECT-004", "ATLAS-DETECT-005", "ATLAS-DETECT-006", "ATLAS-DETECT-009"])
def test_attack_on_existing_rows_does_the_same_again(rule_id: str, strength: Strength, clean: list[Block]) -> None:
    change = attack_of(rule_id, strength).change
    assert change is not None
    assert all(content(change(block)) == content(change(block)) for block in clean)


def test_campaign_has_each_attack_at_each_strength_and_no_subject_twice_at_once() -> None:
    sites = companies(2, seed=5)
    attacks = campaign(sites, MONDAY, 60, rounds=2)
    kinds = Counter((attack.label.tenant_id, attack.label.rule_id, attack.label.strength) for attack in attacks)
    assert set(kinds.values()) == {2}
    assert len(kinds) == len(sites) * len(ATTACKS) * len(Strength)


def test_today_has_only_what_has_happened() -> None:
    noon = Day(MONDAY, SITE.zone).start + timedelta(hours=12)
    found = list(until(simulated([SITE], MONDAY, 1), noon))
    assert max(block.columns["ts"].max() for block in found) < np.datetime64(noon.replace(tzinfo=None), "us")
    assert any(block.table == "opcua_telemetry" for block in found)


def test_csv_keeps_null_and_empty_apart() -> None:
    for block in simulated([SITE], MONDAY, 1):
        if block.table == "cicd_audit":
            unknown = block.replaced(tests_passed=np.full(len(block), None, dtype=object))
            line = as_csv(unknown.where(unknown.columns["dependency_changes"] == "")).splitlines()[0]
            assert ',"",,' in line
            return
    pytest.fail("no build")


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_files_hold_what_was_simulated(tmp_path: Path, form: Any) -> None:
    attacks = [attack_of("ATLAS-DETECT-003", Strength.BLATANT)]
    expected = Counter[str]()
    for block in simulated([SITE], MONDAY, 1, attacks):
        expected[block.table] += len(block)
    assert write_files(simulated([SITE], MONDAY, 1, attacks), tmp_path, form) == expected
    write_labels(attacks, tmp_path)
    text = (tmp_path / f"orbital_nl_query_logs.{form}").read_text()
    found = (
        list(csv.DictReader(io.StringIO(text))) if form == "csv" else [json.loads(line) for line in text.splitlines()]
    )
    assert len(found) == expected["orbital_nl_query_logs"]
    assert tuple(found[0]) == TABLES["orbital_nl_query_logs"]
    (label,) = json.loads((tmp_path / "attacks.json").read_text())
    assert any(row["user_id"] in label["subjects"] for row in found)
