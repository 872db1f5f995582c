"""Each sample of local/samples/shapes becomes exactly this alert and these entities."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from local.samples import SAMPLES
from shared.bus.producer import MemoryProducer
from shared.contracts.alert import CanonicalAlert
from shared.contracts.alert_source import AlertSource, Siem
from shared.contracts.entity import CATEGORIES, AlertEntities
from shared.errors import InvalidInput
from shared.ingestion import IngestReport, Intake
from shared.ingestion.adapter import Adapter, sentinel
from shared.ingestion.shapes import left_out, read_alert, shape_of
from shared.ingestion.sources import adapter_of
from shared.parsing import parse_alert_entities

SHAPES = SAMPLES / "shapes"
WORKSPACE = "5c1e6f0a-8d3b-4f57-9a42-7be0d1c9a311"
SENTINEL = sentinel("sentinel-alerts")
ELASTIC = adapter_of("elastic-prod", AlertSource(siem=Siem.ELASTIC, tenant="tenant-1"))
SPLUNK = adapter_of("splunk-prod", AlertSource(siem=Siem.SPLUNK, tenant="tenant-1"))
OFFICE_TEST = "HKEY_USERS\\S-1-5-21-1004336348-1177238915-682003330-1144\\Software\\Microsoft\\Office\\Test"


@dataclass(frozen=True)
class Expected:
    """An alert without its entities and payload, and the values of its entities by category."""

    alert: dict[str, Any]
    entities: dict[str, list[str]] = field(default_factory=dict)


def sentinel_alert(**fields: Any) -> dict[str, Any]:
    return {"source": "sentinel", "tenant_id": WORKSPACE, "description": "", "techniques": [], "flags": []} | fields


XDR = {"alert_id": "da638997123456789012_1122334455", "product": "Microsoft Defender for Endpoint"}
CASES: dict[str, tuple[Adapter, IngestReport, list[Expected]]] = {
    "security-incident.json": (
        SENTINEL,
        IngestReport(published=1, dropped=1),
        [
            Expected(
                sentinel_alert(
                    alert_id="c3f1a0d4-57be-4e21-9b36-d4880c6f7a15",
                    timestamp="2026-11-20T10:05:40.0154221Z",
                    title="Data left by removable drive, reported by the works council",
                    description="Opened by hand from two hunting bookmarks.",
                    severity="medium",
                    tactics=["exfiltration"],
                    techniques=["T1052"],
                    product="Azure Sentinel",
                    flags=["entities_missing", "incident_without_alerts"],
                )
            )
        ],
    ),
    "defender-xdr-stream.json": (
        SENTINEL,
        IngestReport(published=3, dropped=1),
        [
            Expected(
                sentinel_alert(
                    **XDR,
                    timestamp="2026-11-20T08:20:31.1000000Z",
                    title="Suspicious use of rundll32",
                    severity="medium",
                    tactics=["defense-evasion"],
                    techniques=["T1218", "T1218.011"],
                    flags=["entities_missing"],
                )
            ),
            Expected(
                sentinel_alert(
                    **XDR,
                    timestamp="2026-11-20T08:20:31.2000000Z",
                    title="Suspicious use of rundll32",
                    severity="medium",
                    tactics=["defense-evasion"],
                    techniques=["T1218.011"],
                    flags=["evidence_only"],
                ),
                {
                    "accounts": ["m.okafor@corp.example"],
                    "hosts": ["ws-0147.corp.example"],
                    "files": ["rundll32.exe"],
                    "processes": ["rundll32.exe"],
                    "file_hashes": [
                        "5f1e8acedc065031aad553b710838eb366cfee9a",
                        "8963a19fb992ad9a76576c5638fd68292cffb9aaac29eb8285f9abf6196a7dec",
                    ],
                },
            ),
            Expected(
                sentinel_alert(
                    **XDR,
                    timestamp="2026-11-20T08:20:31.3000000Z",
                    title="",
                    severity="medium",
                    tactics=["defense-evasion"],
                    flags=["title_missing", "evidence_only", "severity_missing"],
                ),
                {"ips": ["203.0.113.77"], "urls": ["https://updates.example.net/upd.dll"]},
            ),
        ],
    ),
    "graph-alerts-v2.json": (
        SENTINEL,
        IngestReport(published=1),
        [
            Expected(
                sentinel_alert(
                    alert_id="fa08d1a7c2-3b5e-4d6f-8a90-b1c2d3e4f506",
                    timestamp="2026-11-20T07:58:40.51Z",
                    title="A potentially malicious URL click was detected",
                    description="A user clicked a link in a mail; the file that it led to was started.",
                    severity="high",
                    tactics=["initial-access"],
                    techniques=["T1566.002", "T1566.001"],
                    product="Microsoft Defender for Office 365",
                    flags=["technique_replaced:T1193>T1566.001"],
                ),
                {
                    "accounts": ["h.brandt@corp.example", "h.brandt"],
                    "hosts": ["ws-0212.corp.example"],
                    "ips": ["198.51.100.24", "10.20.4.12", "192.0.2.10", "203.0.113.45"],
                    "files": ["parcel.exe", "msedge.exe"],
                    "processes": ["parcel.exe", "msedge.exe"],
                    "urls": ["https://parcel.example.net/track?id=7"],
                    "file_hashes": ["3f786850e387550fdab836ed7e6dc881de23001b2c3d4e5f60718293a4b5c6d7"],
                    "mailboxes": ["h.brandt@corp.example"],
                    "other": [
                        "8f7e6d5c-4b3a-4291-8071-6f5e4d3c2b1a",
                        "Parcel",
                        "HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Run",
                        "Parcel Sync",
                    ],
                },
            )
        ],
    ),
    "arm-alert.json": (
        SENTINEL,
        IngestReport(published=1),
        [
            Expected(
                sentinel_alert(
                    alert_id="2518298467986649999_4d25bfef-2d77-4a08-adc0-3e35715cc92a",
                    timestamp="2026-11-20T06:09:47.8210011Z",
                    title="Possible malicious file download",
                    description="A file was downloaded from a source that is often used to host malware.",
                    severity="medium",
                    tactics=["initial-access"],
                    product="Microsoft Defender for Cloud",
                ),
                {"hosts": ["web-03"], "ips": ["198.51.100.99"], "files": ["drop.sh"]},
            )
        ],
    ),
    "elastic-detection-alert.json": (
        ELASTIC,
        IngestReport(published=1),
        [
            Expected(
                {
                    "alert_id": "f6e5d4c3b2a1908f7e6d5c4b3a291807f6e5d4c3b2a1908f7e6d5c4b3a291807",
                    "source": "elastic",
                    "timestamp": "2026-11-20T08:31:07.902Z",
                    "title": "Suspicious Office Child Process",
                    "description": "process event with process powershell.exe, parent process winword.exe, by k.weiss "
                    "on ws-0212 created high alert Suspicious Office Child Process.\n"
                    "An Office program started an interpreter.",
                    "severity": "high",
                    "tactics": ["initial-access", "execution"],
                    "techniques": ["T1566", "T1566.001", "T1059.001"],
                    "product": "Elastic Security",
                    "tenant_id": "tenant-1",
                    "flags": ["technique_replaced:T1086>T1059.001", "technique_unknown:T9998"],
                },
                {
                    "accounts": ["k.weiss"],
                    "hosts": ["ws-0212"],
                    "ips": ["10.20.4.12", "fe80::a1b2:c3d4:e5f6:1", "203.0.113.200"],
                    "files": ["powershell.exe", "winword.exe", "invoice.docm"],
                    "processes": ["powershell.exe", "winword.exe"],
                    "urls": ["https://cdn.example.net/a.ps1"],
                    "dns_records": ["cdn.example.net"],
                    "file_hashes": [
                        "9f914d42706fe215501044acd85a32d58aaef1419d404fddfa5d3b48f66ccd9f",
                        "0cc175b9c0f1b6a831c399e269772661",
                    ],
                    "other": ["Special", OFFICE_TEST],
                },
            )
        ],
    ),
    "elastic-signals.ndjson": (
        ELASTIC,
        IngestReport(published=1, dropped=2, dead_lettered=1),
        [
            Expected(
                {
                    "alert_id": "11aa22bb",
                    "source": "elastic",
                    "timestamp": "2026-11-20T05:00:01.000Z",
                    "title": "SSH brute force",
                    "description": "Many failed sign-ins from one address.",
                    "severity": "medium",
                    "tactics": ["credential-access"],
                    "techniques": ["T1110"],
                    "product": "Elastic Security",
                    "tenant_id": "tenant-1",
                    "flags": [],
                },
                {"accounts": ["root"], "hosts": ["bastion-1"], "ips": ["198.51.100.7"]},
            )
        ],
    ),
    "splunk-notable.json": (
        SPLUNK,
        IngestReport(published=1),
        [
            Expected(
                {
                    "alert_id": "7F3C2A19-5B0E-4C84-9D1A-2E6F8A7B9C0D@@notable@@d41d8cd98f00b204e9800998ecf8427e",
                    "source": "splunk",
                    "timestamp": "2026-11-20T08:29:41+00:00",
                    "title": "LSASS memory read on WS-0147",
                    "description": "procdump64.exe opened lsass.exe with full access.",
                    "severity": "critical",
                    "tactics": ["credential-access"],
                    "techniques": ["T1003.001", "T1003"],
                    "product": "Splunk",
                    "tenant_id": "tenant-1",
                    "flags": [],
                },
                {
                    "accounts": ["m.okafor", "svc-backup"],
                    "hosts": ["WS-0147.corp.example"],
                    "ips": ["10.20.4.47"],
                    "files": ["procdump64.exe", "cmd.exe", "l.dmp"],
                    "processes": ["procdump64.exe", "cmd.exe"],
                    "file_hashes": [
                        "900150983cd24fb0d6963f7d28e17f72",
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                    ],
                },
            )
        ],
    ),
    "splunk-results.json": (
        SPLUNK,
        IngestReport(published=1, dropped=1),
        [
            Expected(
                {
                    "alert_id": "scheduler__soc__search__RMD5ffff_at_1795163400_7:2b7d5453674ce6a6",
                    "source": "splunk",
                    "timestamp": "2026-11-20T08:28:00.000+00:00",
                    "title": "DNS to a new domain",
                    "description": "",
                    "severity": "medium",
                    "tactics": [],
                    "techniques": ["T1071.004"],
                    "product": "Splunk",
                    "tenant_id": "tenant-1",
                    "flags": [],
                },
                {"ips": ["10.9.8.7"], "dns_records": ["new.example.org", "newer.example.org"]},
            )
        ],
    ),
}


async def ingested(name: str) -> tuple[IngestReport, list[CanonicalAlert]]:
    producer = MemoryProducer()
    report = await Intake(producer, CASES[name][0]).ingest((SHAPES / name).read_bytes(), headers={})
    return report, [CanonicalAlert.from_json(message.value) for message in producer.on("alerts.raw")]


def values(entities: AlertEntities) -> dict[str, list[str]]:
    found = {name: [entity.primary_value for entity in getattr(entities, name)] for name in CATEGORIES}
    return {name: held for name, held in found.items() if held}


def test_every_sample_of_a_shape_is_expected_here() -> None:
    assert {path.name for path in SHAPES.iterdir()} == set(CASES)


@pytest.mark.parametrize("name", CASES)
async def test_sample_becomes_exactly_this_alert_with_these_entities(name: str) -> None:
    _, report, expected = CASES[name]
    got, alerts = await ingested(name)
    assert got == report
    assert [
        alert.model_dump(mode="json", exclude={"entities_raw", "raw_payload", "raw_text", "submitted_by"})
        for alert in alerts
    ] == [one.alert for one in expected]
    parsed = [parse_alert_entities(alert.entities_raw, {}) for alert in alerts]
    assert [values(entities) for entities in parsed] == [one.entities for one in expected]
    assert [entities.parse_errors for entities in parsed] == [[] for _ in expected]


async def test_t1_samples_of_sentinel_elastic_and_splunk_become_valid_alerts() -> None:
    """T1 of the acceptance tests (security-and-audit §13)."""
    producer = MemoryProducer()
    reports = [
        await Intake(producer, SENTINEL).ingest((SAMPLES / "credential-dumping.json").read_bytes(), headers={}),
        await Intake(producer, ELASTIC).ingest((SHAPES / "elastic-detection-alert.json").read_bytes(), headers={}),
        await Intake(producer, SPLUNK).ingest((SHAPES / "splunk-notable.json").read_bytes(), headers={}),
    ]
    assert reports == [IngestReport(published=1)] * 3
    alerts = [CanonicalAlert.from_json(message.value) for message in producer.on("alerts.raw")]
    assert [(alert.source, alert.severity) for alert in alerts] == [
        ("sentinel", "high"),
        ("elastic", "high"),
        ("splunk", "critical"),
    ]
    assert all(alert.title and alert.techniques and alert.entities_raw and alert.raw_payload for alert in alerts)


async def test_text_of_an_alert_is_kept_character_for_character() -> None:
    _, (alert,) = await ingested("splunk-notable.json")
    assert alert.raw_text == (SHAPES / "splunk-notable.json").read_text()
    assert '"risk_score": 80.50,' in alert.raw_text
    _, (alert,) = await ingested("elastic-detection-alert.json")
    text = (SHAPES / "elastic-detection-alert.json").read_text()
    assert alert.raw_text == text.removeprefix('{"alerts": [\n').removesuffix("\n]}\n")
    _, (alert,) = await ingested("elastic-signals.ndjson")
    assert alert.raw_text == (SHAPES / "elastic-signals.ndjson").read_text().splitlines()[0]
    _, (alert, *_) = await ingested("graph-alerts-v2.json")
    assert alert.raw_text == ""


async def test_payload_is_the_row_itself() -> None:
    _, (alert,) = await ingested("graph-alerts-v2.json")
    assert alert.raw_payload == json.loads((SHAPES / "graph-alerts-v2.json").read_bytes())["value"][0]


@pytest.mark.parametrize(
    ("row", "shape", "field"),
    [
        ({}, "SecurityAlert", "TenantId"),
        ({"TenantId": "t"}, "SecurityAlert", "SystemAlertId"),
        ({"IncidentName": "i"}, "SecurityIncident", "TenantId"),
        ({"AlertId": "a", "tenantId": "t"}, "AlertInfo", "time"),
        ({"AlertId": "a", "EntityType": "Ip"}, "AlertEvidence", "tenantId"),
        ({"category": "AdvancedHunting-AlertInfo", "properties": {}}, "AlertInfo", "AlertId"),
        ({"@odata.type": "#microsoft.graph.security.alert"}, "Graph alert", "id"),
        ({"id": "a", "evidence": [], "tenantId": 7}, "Graph alert", "tenantId"),
        ({"id": "/x", "properties": {"systemAlertId": "a"}}, "alert resource", "resourceIdentifiers"),
    ],
)
def test_unreadable_row_is_refused_by_shape_and_field(row: dict[str, Any], shape: str, field: str) -> None:
    assert shape_of(row) == shape
    with pytest.raises(InvalidInput) as refused:
        read_alert(row)
    assert refused.value.field == f"{shape}.{field}"


def test_row_of_log_analytics_reads_like_the_streamed_one() -> None:
    columns = {"AlertId": "a-1", "Title": "T", "Severity": "Informational", "Category": "Malware"}
    streamed = read_alert({
        "time": "2026-11-20T08:00:00Z", "tenantId": "t-1", "category": "AdvancedHunting-AlertInfo",
        "properties": columns,
    })  # fmt: skip
    bare = read_alert(columns | {"TimeGenerated": "2026-11-20T08:00:00Z", "TenantId": "t-1", "Type": "AlertInfo"})
    assert bare.model_copy(update={"raw_payload": {}}) == streamed.model_copy(update={"raw_payload": {}})
    assert bare.flags == ["entities_missing", "tactic_unknown:Malware"]


@pytest.mark.parametrize("entities", [None, "", "[]", " [ ] ", "null", [], {}])
def test_alert_without_entities_is_marked(entities: Any) -> None:
    row = {
        "SystemAlertId": "a", "TenantId": "t", "TimeGenerated": "2026-11-20T08:00:00Z", "AlertName": "T",
        "AlertSeverity": "Low", "Entities": entities,
    }  # fmt: skip
    assert read_alert(row).flags == ["entities_missing"]


def test_rows_that_are_not_alerts_are_recognised() -> None:
    incident = {"IncidentName": "i", "AlertIds": '["a-1"]', "TenantId": "t", "TimeGenerated": "2026-11-20T08:00:00Z"}
    assert left_out(incident) == "an incident, whose alerts come themselves (1)"
    assert left_out(incident | {"AlertIds": []}) == ""
    assert left_out({"category": "AdvancedHunting-DeviceInfo"}) == "telemetry, no table of alerts"
    assert left_out({"Type": "Heartbeat"}) == "heartbeat"
    with pytest.raises(InvalidInput, match="come themselves"):
        read_alert(incident)
