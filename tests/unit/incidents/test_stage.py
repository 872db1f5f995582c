"""Severity and priority of an incident rise with the stage that its attack has reached."""

from typing import Any

import pytest

from shared.contracts.incident import IncidentAlert
from shared.contracts.taxonomy import techniques
from shared.incidents.stage import STAGES, Stage, stages_of, weighed
from tests.unit.incidents.alerts import NOON


def member(severity: str, *tactics: str, **values: Any) -> IncidentAlert:
    usual: dict[str, Any] = {
        "alert_id": "a",
        "incident_id": "c",
        "investigation_id": "i",
        "source": "sentinel",
        "title": "t",
        "severity": severity,
        "product": "p",
        "tactics": list(tactics),
        "techniques": [],
        "began_at": NOON,
        "ended_at": NOON,
        "linked_at": NOON,
        "linked_by": "rule",
        "reason": "r",
        "linked_to": [],
        "decided": False,
        "classification": "",
        "confidence": 0.0,
        "outcome": "",
    }
    return IncidentAlert.model_validate(usual | values)


def test_every_tactic_of_the_taxonomy_has_a_stage() -> None:
    assert {tactic for technique in techniques().values() for tactic in technique.tactics} == set(STAGES)


def test_tactics_that_an_alert_names_go_before_those_of_its_techniques() -> None:
    assert stages_of(["impact"], ["T1566"]) == {Stage.EFFECT}
    assert stages_of([], ["T1566", "T1003.006"]) == {Stage.ENTRY, Stage.SPREAD}
    assert stages_of(["no such tactic"], ["T9999"]) == frozenset()


def exposure(severity: str) -> dict[str, str]:
    return {"exposure_key": "k", "title": "t", "severity": severity, "reason": "r"}


DISMISSED: dict[str, Any] = {"decided": True, "classification": "false_positive"}


@pytest.mark.parametrize(
    ("alerts", "weight"),
    [
        ([member("low", "execution")], (Stage.FOOTHOLD, "low", 4)),
        ([member("low", "execution"), member("low", "discovery")], (Stage.SPREAD, "medium", 3)),
        ([member("low", "execution"), member("low", "exfiltration")], (Stage.EFFECT, "high", 2)),
        ([member("low", "exfiltration")], (Stage.EFFECT, "low", 4)),  # one notice is no course of an attack
        ([member("low", "execution"), member("critical")], (Stage.FOOTHOLD, "critical", 1)),
        ([member("medium", classification="true_positive")], (Stage.UNKNOWN, "medium", 2)),
        ([member("critical", classification="true_positive")], (Stage.UNKNOWN, "critical", 1)),
        ([member("medium", exposures=[exposure("HIGH")])], (Stage.UNKNOWN, "medium", 2)),
        ([member("medium", exposures=[exposure("MEDIUM")])], (Stage.UNKNOWN, "medium", 3)),
        (
            [member("medium", classification="true_positive", exposures=[exposure("CRITICAL")])],
            (Stage.UNKNOWN, "medium", 1),
        ),
        (
            [member("medium"), member("medium", **DISMISSED, exposures=[exposure("CRITICAL")])],
            (Stage.UNKNOWN, "medium", 3),
        ),
        ([member("low", "execution"), member("high", "impact", **DISMISSED)], (Stage.FOOTHOLD, "low", 4)),
        ([member("high", "impact", **DISMISSED)], (Stage.EFFECT, "high", 2)),
        ([], (Stage.UNKNOWN, "informational", 5)),
    ],
)
def test_weight_follows_from_alerts_stages_and_verdicts(
    alerts: list[IncidentAlert], weight: tuple[Stage, str, int]
) -> None:
    assert weighed(alerts) == weight
