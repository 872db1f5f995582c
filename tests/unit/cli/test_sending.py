"""What `aluskort send` says before it sends."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from cli.sending import print_reading, read_for_sending
from local.services.site import CHECKOUT
from shared.errors import InvalidInput

SAMPLES = CHECKOUT / "local" / "samples"
SOURCES = json.dumps({"elastic": {"siem": "elastic", "tenant": "t"}})


def test_sample_is_read_with_its_alert() -> None:
    reading = read_for_sending(SAMPLES / "dcsync.json", "", SOURCES)
    assert [alert.alert_id for alert in reading.alerts] == ["49dcb663-bd6c-58b1-b96a-8e61a58aa7eb"]
    assert not reading.is_useless


def test_heartbeats_are_counted_apart() -> None:
    reading = read_for_sending(SAMPLES / "duplicates-and-heartbeat.json", "", SOURCES)
    assert (len(reading.alerts), reading.left_out) == (2, 1)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "nothing"),
        (bytes(range(256)), "expected JSON"),
        ((CHECKOUT / "local" / "demo" / "knowledge.json").read_bytes(), "SecurityAlert.TenantId"),
        (b"not json", "expected JSON"),
    ],
    ids=["empty", "binary", "knowledge", "text"],
)
def test_file_without_an_alert_is_useless_and_says_why(tmp_path: Path, body: bytes, why: str) -> None:
    file = tmp_path / "file.json"
    file.write_bytes(body)
    reading = read_for_sending(file, "", SOURCES)
    assert reading.is_useless
    assert why in reading.refused[0]
    console = Console(record=True, width=200)
    print_reading(console, reading, anyway=False)
    assert "Not sent" in console.export_text()


def test_alerts_of_another_siem_are_read_by_its_own_rules() -> None:
    reading = read_for_sending(SAMPLES / "shapes" / "elastic-detection-alert.json", "elastic", SOURCES)
    assert [alert.tenant_id for alert in reading.alerts] == ["t"]


def test_source_that_nobody_configured_is_refused_with_those_that_are() -> None:
    with pytest.raises(InvalidInput, match="expected one of elastic"):
        read_for_sending(SAMPLES / "dcsync.json", "splunk", SOURCES)


def test_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="expected a readable file"):
        read_for_sending(tmp_path / "absent.json", "", SOURCES)
