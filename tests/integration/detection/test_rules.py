"""Each rule on its own fixtures, and on every other's (design §7.16)."""

import re

import pytest

from shared.contracts.taxonomy import techniques
from shared.detection.alert import alert_of
from shared.detection.catalogue import RULES, catalogue
from shared.detection.fixtures import failures, results_of
from shared.detection.rule import Fixture
from shared.parsing.entities import parse_alert_entities
from shared.stores.postgres import Postgres

CASES = [
    pytest.param(rule_id, fixture, id=f"{rule_id[-3:]}-{fixture.name}")
    for rule_id, detection in catalogue().items()
    for fixture in (*detection.rule.firing, *detection.rule.silent)
]


@pytest.mark.parametrize(("rule_id", "fixture"), CASES)
async def test_rule_does_what_its_fixture_says_and_no_other_rule_fires(
    store: Postgres, rule_id: str, fixture: Fixture
) -> None:
    results = await results_of(store, list(catalogue().values()), fixture)
    assert failures(fixture, results[rule_id]) == []
    others = {
        other: [(result.signal, result.triggers) for result in found if result.triggered]
        for other, found in results.items()
        if other != rule_id
    }
    assert {other: found for other, found in others.items() if found} == {}


CATEGORIES = {"account": "accounts", "host": "hosts", "ip": "ips", "filehash": "file_hashes"}


@pytest.mark.parametrize("rule_id", catalogue())
async def test_alert_of_a_rule_parses_into_its_entities_without_a_loss(store: Postgres, rule_id: str) -> None:
    detection = catalogue()[rule_id]
    seen = 0
    for fixture in detection.rule.firing:
        for result in (await results_of(store, [detection], fixture))[rule_id]:
            alert = alert_of(result, "atlas-1")
            found = parse_alert_entities(alert.entities_raw, {})
            assert found.parse_errors == []
            for entity in result.entities:
                kept = getattr(found, CATEGORIES.get(entity["Type"], "other"))
                assert kept, entity
                seen += 1
            assert set(alert.techniques) <= set(techniques())
            assert alert.raw_payload["thresholds"].keys() == detection.rule.thresholds.keys()
            assert alert.raw_payload["fp_dismissal_allowed"] is not detection.rule.safety_relevant
    assert seen or rule_id == "ATLAS-DETECT-008"  # alert fatigue is about no entity


# Seed §7: id, technique, safety, floor; detections.md §1: cadence and lookback in minutes.
LAW = {
    "ATLAS-DETECT-001": ("AML.T0020", False, 0.0, 60, 1440),
    "ATLAS-DETECT-002": ("AML.T0024", False, 0.0, 30, 360),
    "ATLAS-DETECT-003": ("AML.T0051", False, 0.0, 15, 60),
    "ATLAS-DETECT-004": ("AML.T0015", True, 0.0, 15, 60),
    "ATLAS-DETECT-005": ("AML.T0029", True, 0.7, 5, 15),
    "ATLAS-DETECT-006": ("AML.T0010", False, 0.0, 60, 1440),
    "ATLAS-DETECT-007": ("AML.T0035", False, 0.0, 60, 1440),
    "ATLAS-DETECT-008": ("", False, 0.0, 60, 360),
    "ATLAS-DETECT-009": ("AML.T0047", True, 0.7, 5, 15),
    "ATLAS-DETECT-010": ("AML.T0042", False, 0.0, 30, 360),
}


def test_rules_are_the_ten_of_the_contract() -> None:
    rules = {rule_id: detection.rule for rule_id, detection in catalogue().items()}
    assert {
        rule_id: (rule.atlas_technique, rule.safety_relevant, rule.floor, rule.every, rule.lookback * 60)
        for rule_id, rule in rules.items()
    } == LAW


@pytest.mark.parametrize("rule_id", catalogue())
def test_every_trigger_of_a_rule_fires_in_one_of_its_cases(rule_id: str) -> None:
    rule = catalogue()[rule_id].rule
    source = (RULES / f"{rule.name}.py").read_text()
    named = {
        name
        for block in re.findall(r"names_of\(\s*\{(.*?)\}\s*\)", source, re.DOTALL)
        for name in re.findall(r'"(\w+)":', block)
    }
    fired = {trigger for fixture in rule.firing for found in fixture.fires.values() for trigger in found}
    assert named - fired == set()
