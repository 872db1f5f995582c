"""Rows of Defender's `AlertEvidence`, by type of entity."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.ingestion.entity_json import MAX_ENTITIES
from shared.ingestion.shapes import read_alert


def read(**columns: Any) -> list[dict[str, Any]]:
    row = {
        "category": "AdvancedHunting-AlertEvidence",
        "time": "2026-11-20T08:00:00Z",
        "tenantId": "t-1",
        "properties": {"AlertId": "a-1", **columns},
    }
    return [
        {name: value for name, value in entity.items() if name != "$id"}
        for entity in json.loads(read_alert(row).entities_raw)
    ]


@pytest.mark.parametrize(
    ("columns", "entities"),
    [
        (
            {"EntityType": "File", "FileName": "a.exe", "FolderPath": "C:\\x", "DeviceName": "h", "DeviceId": "d"},
            [
                {"Type": "file", "Name": "a.exe", "Directory": "C:\\x"},
                {"Type": "host", "HostName": "h", "DeviceId": "d"},
            ],
        ),
        ({"EntityType": "Machine", "DeviceName": "h"}, [{"Type": "host", "HostName": "h"}]),
        (
            {"EntityType": "User", "AccountName": "a", "AccountUpn": "a@corp.example"},
            [{"Type": "account", "Name": "a", "UPNSuffix": "corp.example"}],
        ),
        ({"EntityType": "Ip", "RemoteIP": "203.0.113.1"}, [{"Type": "ip", "Address": "203.0.113.1"}]),
        (
            {"EntityType": "MailMessage", "NetworkMessageId": "m-1", "EmailSubject": "S"},
            [{"Type": "mailmessage", "NetworkMessageId": "m-1", "Subject": "S"}],
        ),
        (
            {"EntityType": "RegistryValue", "RegistryKey": "HKLM\\A", "RegistryValueName": "n"},
            [{"Type": "registry-value", "Name": "n", "Key": {"Type": "registry-key", "Key": "HKLM\\A"}}],
        ),
        (
            {"EntityType": "OAuthApplication", "Application": "App", "OAuthApplicationId": "o-1"},
            [{"Type": "cloud-application", "Name": "App", "OAuthAppId": "o-1"}],
        ),
        (
            {"EntityType": "Ip", "RemoteIP": "203.0.113.1", "AdditionalFields": '{"Type": "malware", "Name": "X"}'},
            [{"Type": "malware", "name": "X"}, {"Type": "ip", "Address": "203.0.113.1"}],
        ),
        (
            {"EntityType": "File", "FileName": "a.exe", "AdditionalFields": '{"Type": "url", "Url": "u"}'},
            [{"Type": "file", "Name": "a.exe"}, {"Type": "url", "url": "u"}],
        ),
        (
            {"EntityType": "File", "FileName": "a.exe", "AdditionalFields": '{"Type":"File","Name":"b","Host":{}}'},
            [{"Type": "file", "Name": "a.exe", "host": {}}],
        ),
        ({"EntityType": "File", "AdditionalFields": "{not json"}, []),
    ],
)  # fmt: skip
def test_evidence_row_becomes_entities(columns: dict[str, Any], entities: list[dict[str, Any]]) -> None:
    assert read(**columns) == entities


def test_evidence_of_an_unknown_type_is_kept_complete() -> None:
    assert read(EntityType="Quantum", Qubits="3") == [
        {"Type": "quantum", "alertid": "a-1", "entitytype": "Quantum", "qubits": "3"}
    ]


def test_evidence_beyond_the_bound_is_cut_and_flagged() -> None:
    users = [{"accountName": f"u{number}"} for number in range(300)]
    devices = [
        {"@odata.type": "#microsoft.graph.security.deviceEvidence", "hostName": f"h{n}", "loggedOnUsers": users[n:]}
        for n in range(3)
    ]
    many = [{"@odata.type": "#microsoft.graph.security.urlEvidence", "url": f"https://x/{n}"} for n in range(900)]
    row = {
        "id": "a-1", "tenantId": "t-1", "createdDateTime": "2026-11-20T08:00:00Z", "title": "T", "severity": "low",
    }  # fmt: skip
    kept = read_alert(row | {"evidence": [*devices, *many]})
    assert len(json.loads(kept.entities_raw)) == 3 + 300 + 900 < MAX_ENTITIES
    assert kept.flags == []
    named = [
        {**one, "ipInterfaces": [f"10.{n}.{m // 256}.{m % 256}" for m in range(900)]} for n, one in enumerate(devices)
    ]
    cut = read_alert(row | {"evidence": named})
    assert (len(json.loads(cut.entities_raw)), cut.flags) == (MAX_ENTITIES, ["entities_cut"])
    longer = read_alert(row | {"evidence": many * 2})
    assert (len(json.loads(longer.entities_raw)), longer.flags) == (900, ["list_cut:evidence"])
