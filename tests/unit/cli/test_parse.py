"""`aluskort parse`: entities of alerts and of text at the command line, whatever the file holds."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.app import app
from local.samples import SAMPLES


def run(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(app, ["parse", *arguments], input=stdin)


def parsed(value: Any) -> list[dict[str, Any]]:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    found: list[dict[str, Any]] = json.loads(run("-", "--json", stdin=body).stdout)
    return found


def row(entities: Any = (), **columns: Any) -> dict[str, Any]:
    return {
        "TenantId": "tenant-1",
        "TimeGenerated": "2026-11-20T08:14:22Z",
        "AlertName": "A title",
        "AlertSeverity": "High",
        "SystemAlertId": "a-1",
        "Type": "SecurityAlert",
        "Entities": json.dumps(entities),
        **columns,
    }


def test_sample_alert_is_shown_with_its_entities() -> None:
    shown = run(str(SAMPLES / "credential-dumping.json"))
    assert shown.exit_code == 0
    for text in ("Credential dumping", "WS-0147.northlight.example", "procdump64.exe", "file hashes", "10.20.4.147"):
        assert text in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        (["shapes/graph-alerts-v2.json"], "ws-0212.corp.example"),
        (["shapes/elastic-detection-alert.json", "--siem", "elastic"], "ws-0212"),
        (["shapes/splunk-notable.json", "--siem", "splunk"], "WS-0147.corp.example"),
    ],
)
def test_alerts_of_every_shape_and_siem_are_read(arguments: list[str], value: str) -> None:
    shown = run(str(SAMPLES / arguments[0]), *arguments[1:])
    assert shown.exit_code == 0
    assert value in shown.stdout


def test_every_alert_of_a_file_has_its_own_table_and_refused_rows_are_named() -> None:
    first = row([{"Type": "ip", "Address": "192.0.2.1"}], AlertName="First")
    second = row([{"Type": "host", "HostName": "ws-2"}], AlertName="Second")
    shown = run("-", stdin=json.dumps([first, second, {"no": "alert"}, {"Type": "Heartbeat"}]).encode())
    assert shown.exit_code == 0
    assert shown.stdout.count("confidence") == 2
    assert shown.stdout.index("192.0.2.1") < shown.stdout.index("Second") < shown.stdout.index("ws-2")
    assert "row 3\nnot an alert that intake accepts. SecurityAlert." in shown.stdout
    assert "row 4\nnot an alert, intake only counts it: heartbeat" in shown.stdout


def test_losses_are_below_the_table() -> None:
    entities = [{"Type": "ip", "Address": "300.1.1.1"}, {"Type": "ip", "Address": "192.0.2.1"}]
    shown = run("-", stdin=json.dumps(row(entities)).encode()).stdout
    assert shown.index("192.0.2.1") < shown.index("What was lost (1):") < shown.index("300.1.1.1")


def test_json_has_every_alert_with_its_entities() -> None:
    (found,) = parsed([row([{"Type": "ip", "Address": "192.0.2.1"}])])
    assert (found["title"], found["alert_id"], found["tenant_id"]) == ("A title", "a-1", "tenant-1")
    assert [entity["primary_value"] for entity in found["entities"]["ips"]] == ["192.0.2.1"]
    assert parsed([{"no": "alert"}])[0].keys() == {"title", "refusal"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_is_searched_for_indicators(encoding: str) -> None:
    (found,) = parsed("Gesehen: hxxp://evil[.]example/ün von 203.0.113.7".encode(encoding))
    assert [ip["primary_value"] for ip in found["entities"]["ips"]] == ["203.0.113.7"]
    assert found["entities"]["ips"][0]["confidence"] == 0.6


def test_broken_json_is_read_as_text_and_reported_with_exit_code_1() -> None:
    shown = run("-", stdin=b'{"records": [{"Title": "seen 203.0.113.7')
    assert shown.exit_code == 1
    assert "This is not JSON, so it was read as text" in shown.stdout
    assert "203.0.113.7" in shown.stdout


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "got 'nothing'"),
        (b" \n", "got 'nothing'"),
        (bytes(range(256)) * 4, "got 'a binary file'"),
        (b"\x7fELF\x02\x01" + b"\x00" * 100, "got 'a binary file'"),
        (b"x" * 10_000_000, "got 'more than 1,048,576 bytes'"),
        (b"7", "one row"),
        (b'{"records": 7}', "an array of rows"),
        (b"[" + b"1," * 6_000 + b"1]", "6001 rows"),
    ],
)
def test_input_without_an_alert_is_refused_in_a_sentence(body: bytes, sentence: str) -> None:
    refused = run("-", stdin=body)
    assert refused.exit_code == 1
    assert sentence in refused.stderr
    assert len(refused.stderr) < 1_000


def test_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent"):
        refused = run(str(path))
        assert refused.exit_code == 1
        assert f"file: got '{path}', expected a readable file" in refused.stderr


def test_exit_code_is_1_when_no_row_is_an_alert() -> None:
    assert run("-", stdin=b"[{}]").exit_code == 1


def test_hostile_values_cannot_command_the_terminal() -> None:
    hostile = "\x1b[2J\u202e[red]:bomb:\x07" + "x" * 5_000
    entities = [
        {"$id": hostile, "Type": "host", "HostName": hostile},
        {"Type": "process", "ProcessId": "1", "CommandLine": hostile},
        {"Type": hostile, "Name": hostile},
    ]
    shown = run("-", stdin=json.dumps(row(entities, AlertName=hostile, SystemAlertId="a" + hostile[:100])).encode())
    assert shown.exit_code == 0
    assert all(character.isprintable() or character == "\n" for character in shown.stdout)
    assert "[red]" in shown.stdout
    assert ":bomb:" in shown.stdout
    assert "characters)" in shown.stdout
    assert len(shown.stdout) < 10_000
