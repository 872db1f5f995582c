"""The detection report counts what was found, what was wrong and what crossed, and says so on its page."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from local.telemetry.attacks.attack import Label, Strength
from local.telemetry.attacks.catalogue import ATTACKS
from tests.benchmarks.detections import page
from tests.benchmarks.detections.running import Raised
from tests.benchmarks.detections.scoring import Kind, Score, Scores, score

START = datetime(2026, 9, 7, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
POISONING, EXTRACTION, INJECTION = "ATLAS-DETECT-001", "ATLAS-DETECT-002", "ATLAS-DETECT-003"


def attack(rule_id: str, subject: str, strength: Strength = Strength.BLATANT) -> Label:
    return Label(rule_id, "AML.T0020", strength, "attacked", (subject,), START, START + 2 * HOUR, "a test")


def alert(rule_id: str, named: str, hours: float, *, tenant: str = "attacked", signal: str = "documented") -> Raised:
    return Raised(tenant, rule_id, signal, frozenset({named}), START + hours * HOUR)


def scored(labels: list[Label], alerts: list[Raised]) -> Scores:
    scores = Scores()
    lookbacks = dict.fromkeys((POISONING, EXTRACTION, INJECTION), timedelta(hours=1))
    score(scores, labels, alerts, lookbacks=lookbacks, ordinary={"attacked": "plain"}, days=10)
    return scores


def test_attack_counts_as_found_from_its_first_alert() -> None:
    one = scored([attack(POISONING, "ann")], [alert(POISONING, "ann", 1.5), alert(POISONING, "ann", 3)]).by_signal
    found = one[POISONING, Kind.DOCUMENTED]
    assert found.recall(Strength.BLATANT) == 1
    assert found.time_to_detect(Strength.BLATANT) == 1.5
    assert found.precision == 1
    assert one[POISONING, Kind.REC].recall(Strength.BLATANT) == 0


@pytest.mark.parametrize(
    ("named", "hours"),
    [("bob", 1), ("ann", -1), ("ann", 4.5), ("anna", 1)],
    ids=["somebody else", "before it", "long after it", "a name that begins alike"],
)
def test_alert_that_is_not_about_the_attack_is_wrong(named: str, hours: float) -> None:
    found = scored([attack(POISONING, "ann")], [alert(POISONING, named, hours)]).by_signal[POISONING, Kind.DOCUMENTED]
    assert (found.recall(Strength.BLATANT), found.precision) == (0, 0)


def test_alerts_on_ordinary_days_are_false_a_day() -> None:
    alerts = [alert(POISONING, "ann", 1, tenant="plain"), alert(POISONING, "ann", 30, tenant="plain")]
    assert scored([], alerts).by_signal[POISONING, Kind.DOCUMENTED].false_a_day == 0.2


def test_rule_crosses_on_an_attack_of_another_rule() -> None:
    scores = scored([attack(POISONING, "ann"), attack(EXTRACTION, "bob")], [alert(EXTRACTION, "ann", 1)])
    assert dict(scores.crossed) == {(POISONING, EXTRACTION, Kind.DOCUMENTED): 1}
    assert scores.crossed_share(Kind.DOCUMENTED) == 0.5
    assert scores.crossed_share(Kind.REC) == 0


def test_rule_does_not_cross_where_it_fires_without_the_attack_or_on_one_of_its_own() -> None:
    usual = [alert(EXTRACTION, "ann", 1), alert(EXTRACTION, "ann", 2, tenant="plain")]
    assert not scored([attack(POISONING, "ann")], usual).crossed
    assert not scored([attack(POISONING, "ann"), attack(EXTRACTION, "ann")], [alert(EXTRACTION, "ann", 1)]).crossed


@pytest.mark.parametrize(
    ("signal", "kind"),
    [("documented", Kind.DOCUMENTED), ("documented-fleet", Kind.DOCUMENTED), ("rec", Kind.REC), ("api", Kind.VARIANT)],
)
def test_signal_is_of_the_kind_that_its_name_says(signal: str, kind: Kind) -> None:
    found = scored([attack(POISONING, "ann")], [alert(POISONING, "ann", 1, signal=signal)])
    assert [one for (_, one), counted in found.by_signal.items() if counted.right] == [kind]


def test_names_of_pairs_are_about_their_first_part() -> None:
    found = scored([attack(INJECTION, "ann")], [alert(INJECTION, "ann/session-1", 1)])
    assert found.by_signal[INJECTION, Kind.DOCUMENTED].recall(Strength.BLATANT) == 1


def test_page_has_a_row_for_each_signal_the_missed_goals_and_pictures_that_are_xml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "PAGE", tmp_path / "detections.md")
    monkeypatch.setattr(page, "PICTURES", tmp_path / "detections")
    scores = Scores()
    for rule_id in ATTACKS:
        for kind in (Kind.DOCUMENTED, Kind.REC):
            one = scores.by_signal[rule_id, kind] = Score(ordinary_days=90, false_alerts=900)
            for strength in Strength:
                one.planned[strength] = one.found[strength] = 3
    scores.attacks.update(list(ATTACKS))
    scores.crossed[POISONING, EXTRACTION, Kind.REC] = 1
    page.write(scores, 90, 3)
    text = (tmp_path / "detections.md").read_text()
    assert len(re.findall(r"^\| 0\d\d|^\| 010", text, flags=re.MULTILINE)) == 2 * len(ATTACKS)
    assert text.count("REC: 10.00 false alerts a day, not 0.1.") == len(ATTACKS)
    for name in re.findall(r"\]\((detections/[\w-]+\.svg)\)", text):
        assert ET.parse(tmp_path / name).getroot().tag.endswith("svg")
