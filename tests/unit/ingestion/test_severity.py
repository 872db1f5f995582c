"""Severities of every vendor."""

from typing import Any

import pytest

from shared.contracts.alert import SeverityLevel
from shared.ingestion.severity import RISK_SCORES, SPLUNK_LEVELS, Scale, severity_of


@pytest.mark.parametrize(
    ("given", "scale", "level"),
    [
        ("Informational", (), "informational"),
        (" INFO ", (), "informational"),
        ("High", (), "high"),
        ("critical", (), "critical"),
        (0, RISK_SCORES, "low"),
        (21.9, RISK_SCORES, "low"),
        (47, RISK_SCORES, "medium"),
        ("73", RISK_SCORES, "high"),
        (74, RISK_SCORES, "critical"),
        (100, RISK_SCORES, "critical"),
        ("1", SPLUNK_LEVELS, "informational"),
        (2, SPLUNK_LEVELS, "low"),
        (3, SPLUNK_LEVELS, "medium"),
        (4, SPLUNK_LEVELS, "high"),
        ("5", SPLUNK_LEVELS, "critical"),
        (6, SPLUNK_LEVELS, "critical"),
    ],
)
def test_known_severity_is_one_of_ours(given: Any, scale: Scale, level: str) -> None:
    assert severity_of(given, scale) is SeverityLevel(level)


@pytest.mark.parametrize("given", ["UnSpecified", "unknown", "Severe", 3, 101, -1, "nan", "1e400", None, [], {}, True])
def test_severity_without_a_mapping_stays_as_it_was(given: Any) -> None:
    assert severity_of(given, () if given == 3 else RISK_SCORES) is given
