"""The dialects of Elastic and Splunk that the samples do not show."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.errors import InvalidInput
from shared.ingestion.elastic import left_out_of_elastic, read_elastic_alert
from shared.ingestion.entity_json import MAX_ENTITIES
from shared.ingestion.splunk import left_out_of_splunk, read_splunk_alert
from shared.parsing import parse_alert_entities

NESTED = {
    "@timestamp": "2026-11-20T08:00:00Z",
    "kibana": {
        "alert": {
            "uuid": "u-1",
            "severity": "low",
            "rule": {
                "name": "R",
                "threat": [{"tactic": {"name": "Discovery"}, "technique": [{"id": "T1082", "subtechnique": []}]}],
            },
        }
    },
    "host": {"name": "h-1"},
}
FLAT = {
    "@timestamp": "2026-11-20T08:00:00Z",
    "kibana.alert.uuid": "u-1",
    "kibana.alert.severity": "low",
    "kibana.alert.rule.name": "R",
    "kibana.alert.rule.threat": NESTED["kibana"]["alert"]["rule"]["threat"],  # type: ignore[index]
    "host.name": "h-1",
}
FIELDS = {
    "_index": ".alerts",
    "_id": "u-1",
    "fields": {
        "@timestamp": ["2026-11-20T08:00:00Z"],
        "kibana.alert.severity": ["low"],
        "kibana.alert.rule.name": ["R"],
        "kibana.alert.rule.threat.tactic.name": ["Discovery"],
        "kibana.alert.rule.threat.technique.id": ["T1082"],
        "host.name": ["h-1"],
    },
}


@pytest.mark.parametrize("row", [NESTED, FLAT, FIELDS, {"_id": "x", "_source": FLAT}], ids=str)
def test_elastic_alert_reads_the_same_nested_flat_and_as_a_hit(row: dict[str, Any]) -> None:
    alert = read_elastic_alert(row, tenant_id="t-1")
    assert (alert.alert_id, alert.title, alert.severity, alert.timestamp) == ("u-1", "R", "low", "2026-11-20T08:00:00Z")
    assert (alert.tactics, alert.techniques, alert.flags) == (["discovery"], ["T1082"], [])
    assert json.loads(alert.entities_raw) == [{"$id": "e1", "Type": "host", "HostName": "h-1"}]


def test_elastic_alert_without_a_severity_gets_it_from_its_risk_score() -> None:
    row = FLAT | {"kibana.alert.severity": None, "kibana.alert.risk_score": 99}
    assert read_elastic_alert(row, tenant_id="t-1").severity == "critical"


def test_elastic_mail_gives_message_mailboxes_and_attachments() -> None:
    mail = {
        "from": {"address": ["a@bad.example"]},
        "to": {"address": ["x@corp.example", "y@corp.example"]},
        "subject": "Hello",
        "message_id": "<1@bad.example>",
        "attachments": [{"file": {"name": "a.zip", "hash": {"md5": "0cc175b9c0f1b6a831c399e269772661"}}}],
    }
    found = json.loads(read_elastic_alert(FLAT | {"email": mail}, tenant_id="t-1").entities_raw)
    assert [entity["Type"] for entity in found] == ["host", "mailmessage", "mailbox", "mailbox", "file"]
    assert found[1]["Recipient"] == "x@corp.example, y@corp.example"
    assert (found[1]["Sender"], found[4]["Name"]) == ("a@bad.example", "a.zip")


def test_alert_about_the_uptime_monitor_is_not_a_heartbeat() -> None:
    assert left_out_of_elastic({"agent": {"type": "heartbeat"}, "@timestamp": "t"}) == "heartbeat"
    assert left_out_of_elastic(FLAT | {"agent": {"type": "heartbeat"}}) == ""
    assert left_out_of_elastic(NESTED | {"agent": {"type": "heartbeat"}}) == ""


@pytest.mark.parametrize("row", [{}, {"_id": "x", "_index": "i", "_source": {}}, {"a": None, "b": []}])
def test_empty_elastic_event_is_left_out(row: dict[str, Any]) -> None:
    assert left_out_of_elastic(row) == "an empty event"


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (7, "Elastic alert"),
        ({"@timestamp": "2026-11-20T08:00:00Z"}, "Elastic alert.kibana.alert.uuid"),
        ({"kibana.alert.uuid": "u", "@timestamp": "soon"}, "Elastic alert.@timestamp"),
    ],
)
def test_elastic_alert_that_cannot_be_read_is_refused_by_field(row: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_elastic_alert(row, tenant_id="t-1")
    assert refused.value.field == field


def splunk(**result: Any) -> dict[str, Any]:
    return {"sid": "scheduler__soc__search__RMD5a_at_1795163400_1", "search_name": "S", "result": result}


def test_results_of_one_search_are_alerts_of_their_own_and_the_same_one_stays_itself() -> None:
    ids = [read_splunk_alert(splunk(src=src), tenant_id="t-1").alert_id for src in ("10.0.0.1", "10.0.0.2", "10.0.0.1")]
    assert ids[0] == ids[2] != ids[1]


def test_statistical_result_gets_its_time_from_the_search() -> None:
    assert read_splunk_alert(splunk(count="8"), tenant_id="t-1").timestamp == "2026-11-20T08:30:00+00:00"


@pytest.mark.parametrize(
    "annotations",
    [
        {"annotations.mitre_attack": ["T1003"]},
        {"annotations.mitre_attack": '["T1003"]'},
        {"annotations.mitre_attack": "T1003"},
        {"annotations.mitre_attack.mitre_technique_id": "T1003\nT1003"},
        {"annotations": '{"mitre_attack": ["T1003"]}'},
        {"annotations": {"mitre_attack": ["T1003"]}},
        {"annotations": {"mitre_attack": {"mitre_technique_id": ["T1003"]}}},
    ],
    ids=str,
)
def test_techniques_are_read_in_every_form_of_annotation(annotations: dict[str, Any]) -> None:
    assert read_splunk_alert(splunk(**annotations), tenant_id="t-1").techniques == ["T1003"]


def test_flood_of_hashes_in_one_field_is_read_up_to_a_bound_and_the_parser_says_so() -> None:
    alert = read_splunk_alert(splunk(file_hash=" ".join(f"{number:032x}" for number in range(20_000))), tenant_id="t-1")
    (file,) = json.loads(alert.entities_raw)
    assert len(file["FileHashes"]) == MAX_ENTITIES
    assert any("beyond the first 1000" in loss for loss in parse_alert_entities(alert.entities_raw, {}).parse_errors)


def test_event_of_the_http_event_collector_is_read_with_what_wraps_it() -> None:
    row = {"time": 1795163381.5, "host": "sh-1", "sourcetype": "stash", "event": {"event_id": "e-1", "urgency": "low"}}
    alert = read_splunk_alert(row, tenant_id="t-1")
    assert (alert.alert_id, alert.severity, alert.timestamp) == ("e-1", "low", "2026-11-20T08:29:41.500000+00:00")


@pytest.mark.parametrize(
    "row", [{}, splunk(), {"sid": "s", "search_name": "S", "result": None}, {"event": {}, "host": "h", "time": 1}]
)
def test_search_without_a_result_is_left_out(row: dict[str, Any]) -> None:
    assert left_out_of_splunk(row) == "an empty event"


def test_splunk_text_event_is_not_mistaken_for_an_empty_one() -> None:
    assert left_out_of_splunk({"event": "a line of a log", "host": "h"}) == ""


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ([], "Splunk alert"),
        ({"urgency": "high"}, "Splunk alert.sid"),
        ({"event_id": "e", "urgency": "high"}, "Splunk alert._time"),
    ],
)
def test_splunk_alert_that_cannot_be_read_is_refused_by_field(row: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_splunk_alert(row, tenant_id="t-1")
    assert refused.value.field == field
