"""Severity by the seed's matrix, and what makes a finding easier to exploit."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.contracts.exposure import Consequence, ExposureSeverity
from shared.contracts.taxonomy import current_technique
from shared.ctem.finding import Finding, Tool
from shared.ctem.normalisers.probe_families import families
from shared.ctem.rates import Rate
from shared.ctem.scoring import Scored, exposure_key, scored
from shared.ctem.severity import (
    MATRIX,
    REPAIR_TIMES,
    Exploitability,
    adjusted_score,
    ctem_score,
    cvss_exploitability,
    triage,
)
from shared.ctem.techniques import mapped_techniques, weaknesses
from shared.ctem.zones import zones

AT = datetime(2026, 11, 28, tzinfo=UTC)
SEED = """
high   CRITICAL CRITICAL HIGH   MEDIUM
medium CRITICAL HIGH     MEDIUM LOW
low    HIGH     MEDIUM   LOW    LOW
"""


def score(**fields: Any) -> Scored:
    given = {"tool": Tool.WIZ, "title": "t", "asset_id": "a", "zone": "Zone2_Operations"}
    return scored(Finding(**{**given, **fields}), tenant_id="t", at=AT)


@pytest.mark.parametrize("row", SEED.split("\n")[1:-1])
def test_matrix_is_the_seeds(row: str) -> None:
    level, *severities = row.split()
    assert [MATRIX[Exploitability(level), one] for one in Consequence] == severities


def test_time_to_repair_is_the_specified_one() -> None:
    days = {severity: time / timedelta(days=1) for severity, time in REPAIR_TIMES.items()}
    assert days == dict(zip(ExposureSeverity, (1, 3, 14, 30), strict=True))


def test_key_is_of_tool_title_and_asset() -> None:
    assert exposure_key("wiz", "Open port", "vm-1") == "9a92ff9f83d22356"


@pytest.mark.parametrize(("consequence", "expected"), [*zip(Consequence, (9.0, 7.2, 4.5, 2.7), strict=True)])
def test_score_weighs_the_consequence(consequence: Consequence, expected: float) -> None:
    assert ctem_score(0.9, consequence) == expected


@pytest.mark.parametrize(
    ("given", "level", "severity"),
    [
        ({}, "unknown", "MEDIUM"),
        ({"cvss": 9.8}, "high", "HIGH"),
        ({"cvss": 5.0}, "medium", "MEDIUM"),
        ({"cvss": 2.0}, "low", "LOW"),
        ({"level": Exploitability.LOW}, "low", "LOW"),
        ({"level": Exploitability.LOW, "epss": 0.12}, "medium", "MEDIUM"),
        ({"level": Exploitability.LOW, "epss": 0.6}, "high", "HIGH"),
        ({"level": Exploitability.LOW, "epss": 0.01}, "low", "LOW"),
        ({"level": Exploitability.HIGH, "epss": 0.01}, "high", "HIGH"),
        ({"level": Exploitability.LOW, "known_exploited": True}, "high", "HIGH"),
        ({"level": Exploitability.LOW, "cves": ("CVE-2021-44228",)}, "high", "HIGH"),
        ({"epss": 0.01}, "unknown", "MEDIUM"),
    ],
)
def test_exploitability_rises_with_what_is_known_and_absence_is_not_low(
    given: dict[str, Any], level: str, severity: str
) -> None:
    found = score(**given)
    assert (found.details["exploitability"], found.exposure.severity) == (level, severity)


def test_zone_that_is_in_no_table_is_said() -> None:
    found = score(zone="Zone9_Moon")
    assert found.exposure.physical_consequence == "data_loss"
    assert found.details["consequence_source"] == "zone_unmapped: Zone9_Moon"


@pytest.mark.parametrize(
    ("vector", "expected"),
    [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 1.0),
        ("CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:H/I:H/A:H", 0.0312),
        ("CVSS:3.0/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 0.8),
        ("CVSS:4.0/AV:N/AC:L", None),
        ("CVSS:3.1/AV:X/AC:L", None),
        ("", None),
    ],
)
def test_sub_score_of_a_vector_is_a_share_of_its_greatest(vector: str, expected: float | None) -> None:
    assert cvss_exploitability(vector) == expected


@pytest.mark.parametrize(
    ("hits", "attempts", "expected"),
    [(0, 10, (0.0, 0.2775)), (5, 10, (0.2366, 0.7634)), (10, 10, (0.7225, 1.0)), (39, 100, (0.3002, 0.4880))],
)
def test_interval_is_wilsons(hits: int, attempts: int, expected: tuple[float, float]) -> None:
    assert tuple(round(bound, 4) for bound in Rate(hits, attempts).interval) == pytest.approx(expected, abs=1e-4)


def test_mapping_keeps_its_kind_and_a_cve_goes_before_its_weakness() -> None:
    by_cve = mapped_techniques(["CVE-2021-44228"], ["CWE-79"])
    assert (by_cve[0].id, by_cve[0].kind) == ("T1190", "exploitation_technique")
    (by_weakness,) = mapped_techniques(["CVE-1999-0001"], ["CWE-79"])
    assert (by_weakness.id, by_weakness.kind, by_weakness.source) == ("T1189", "cwe_fallback", "CWE-79")


def test_every_technique_of_our_tables_is_current() -> None:
    named = {family.technique for family in families().values()} | set(weaknesses().values())
    assert {name for name in named if (found := current_technique(name)) is None or found.id != name} == set()


def test_every_zone_that_a_normaliser_gives_is_in_the_table() -> None:
    given = {"Zone1_EdgeInference", "Zone2_Operations", "Zone3_Enterprise", "Zone4_External", "Zone5_Internet"}
    assert given <= set(zones())


@pytest.mark.parametrize(
    ("severity", "breached", "alerted", "priority"),
    [
        ("CRITICAL", True, False, 1),
        ("CRITICAL", False, True, 2),
        ("HIGH", True, True, 3),
        ("HIGH", False, True, 4),
        ("HIGH", False, False, 5),
        ("MEDIUM", True, True, 6),
        ("LOW", True, True, 7),
        ("what a newer release says", False, False, 7),
    ],
)
def test_repair_goes_by_severity_then_deadline_then_alerts(
    severity: str, breached: bool, alerted: bool, priority: int
) -> None:
    assert triage(severity, breached=breached, alerted=alerted) == priority


def test_alert_raises_a_score_by_half_up_to_ten() -> None:
    assert [adjusted_score(score, alerted=True) for score in (0.0, 4.0, 9.0)] == [0.0, 6.0, 10.0]
    assert adjusted_score(9.0, alerted=False) == 9.0
