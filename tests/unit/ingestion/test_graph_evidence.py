"""Every documented type of evidence of Microsoft Graph's alerts becomes entities."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.ingestion.fields import Fields
from shared.ingestion.graph_evidence import NAMED, READERS, evidence_entities
from shared.parsing import parse_alert_entities

DOCUMENTED = frozenset({
    "amazonResource", "analyzedMessage", "azureResource", "blob", "blobContainer", "cloudApplication",
    "cloudLogonRequest", "cloudLogonSession", "container", "containerImage", "containerRegistry", "device", "dns",
    "file", "fileHash", "googleCloudResource", "hostLogonSession", "ioTDevice", "ip", "kubernetesCluster",
    "kubernetesController", "kubernetesNamespace", "kubernetesPod", "kubernetesSecret", "kubernetesService",
    "kubernetesServiceAccount", "mailCluster", "mailbox", "malware", "networkConnection", "nic", "oauthApplication",
    "process", "registryKey", "registryValue", "securityGroup", "servicePrincipal", "submissionMail", "url", "user",
})  # fmt: skip
CLUSTER = {"cloudResource": {"resourceName": "aks-1"}}
SHA1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
USER = {"userAccount": {"accountName": "ann"}}
# A field or two of every type that has a reader of its own.
ANY_EVIDENCE = {
    "account": USER, "algorithm": "sha1", "containerId": "c-1", "destinationAddress": {"ipAddress": "192.0.2.2"},
    "domainName": "evil.example", "fileDetails": {"fileName": "a.exe"}, "hostName": "ws-1", "ipAddress": "192.0.2.1",
    "name": "n-1", "networkMessageId": "m-1", "primaryAddress": "a@corp.example", "processId": 7, "registryKey": "K",
    "registryValueName": "v", "url": "http://evil.example/", "value": SHA1, **USER,
}  # fmt: skip


def read(kind: str, **fields: Any) -> list[dict[str, Any]]:
    piece = {"@odata.type": f"#microsoft.graph.security.{kind}Evidence", "verdict": "unknown", **fields}
    found = evidence_entities(Fields("Graph alert", {"evidence": [piece]}))
    return [{name: value for name, value in entity.items() if name != "$id"} for entity in found]


def test_every_documented_type_has_a_reader() -> None:
    assert {*READERS, *NAMED} == DOCUMENTED


@pytest.mark.parametrize("kind", sorted([*READERS, *NAMED]))
def test_every_documented_type_reaches_the_parser_without_a_loss(kind: str) -> None:
    columns = NAMED[kind][1].values() if kind in NAMED else ()
    fields = {names[0]: f"value-{place}" for place, names in enumerate(columns)} if columns else ANY_EVIDENCE
    found = parse_alert_entities(json.dumps(read(kind, **fields)), {})
    assert any(found.all())
    assert found.parse_errors == []


@pytest.mark.parametrize(
    ("kind", "fields", "entities"),
    [
        (
            "user",
            {"userAccount": {"accountName": "a", "domainName": "CORP", "userPrincipalName": "a@corp.example"}},
            [{"Type": "account", "Name": "a", "UPNSuffix": "corp.example", "NTDomain": "CORP"}],
        ),
        (
            "file",
            {"fileDetails": {"fileName": "a.exe", "filePath": "C:\\x", "sha1": SHA1, "md5": None, "fileSize": 7}},
            [
                {
                    "Type": "file",
                    "Name": "a.exe",
                    "Directory": "C:\\x",
                    "FileHashes": [{"Type": "filehash", "Algorithm": "SHA1", "Value": SHA1}],
                    "SizeInBytes": 7,
                }
            ],
        ),
        ("registryKey", {"registryHive": "HKLM", "registryKey": "A\\B"}, [
            {"Type": "registry-key", "Hive": "HKLM", "Key": "A\\B"}
        ]),
        ("registryValue", {"registryHive": "HKLM", "registryKey": "A", "registryValueName": "", "registryValue": "x"}, [
            {
                "Type": "registry-value", "Name": "(Default)", "Value": "x",
                "Key": {"Type": "registry-key", "Hive": "HKLM", "Key": "A"},
            }
        ]),
        ("mailCluster", {"query": "q", "networkMessageIds": ["m-1", "m-2"], "emailCount": 2}, [
            {"Type": "mailcluster", "Query": "q", "NetworkMessageIds": ["m-1", "m-2"], "MailCount": 2}
        ]),
        ("cloudApplication", {"displayName": "Box", "appId": 12, "instanceName": "Box EU"}, [
            {"Type": "cloud-application", "Name": "Box", "AppId": 12, "InstanceName": "Box EU"}
        ]),
        ("securityGroup", {"displayName": "Admins", "securityGroupId": "g-1"}, [
            {"Type": "security-group", "Name": "Admins", "ObjectGuid": "g-1"}
        ]),
        ("azureResource", {"resourceId": "/subscriptions/s", "resourceName": "vm", "resourceType": "VM"}, [
            {"Type": "azure-resource", "Name": "vm", "ResourceId": "/subscriptions/s", "ResourceType": "VM"}
        ]),
        ("amazonResource", {"amazonResourceId": "arn:aws:s3:::b", "resourceName": "b"}, [
            {"Type": "amazon-resource", "Name": "b", "AmazonResourceId": "arn:aws:s3:::b"}
        ]),
        ("googleCloudResource", {"fullResourceName": "//compute/x", "resourceName": "x", "projectId": "p"}, [
            {"Type": "gcp-resource", "Name": "x", "ResourceId": "//compute/x", "ProjectId": "p"}
        ]),
        ("container", {"containerId": "c-1", "image": {"imageId": "nginx:1"}, "args": ["-x", "-y"]}, [
            {"Type": "container", "Name": "c-1", "ContainerId": "c-1", "Image": "nginx:1", "Arguments": ["-x", "-y"]}
        ]),
        ("kubernetesPod", {"name": "web", "namespace": {"name": "prod", "cluster": CLUSTER}}, [
            {"Type": "kubernetes-pod", "Name": "web", "Namespace": "prod", "Cluster": "aks-1"}
        ]),
        ("ioTDevice", {"deviceId": "d-1", "deviceName": "plc-1", "manufacturer": "M"}, [
            {"Type": "iotdevice", "DeviceId": "d-1", "DeviceName": "plc-1", "Manufacturer": "M"}
        ]),
        ("dns", {"domainName": "c2.example", "ipAddresses": [{"ipAddress": "203.0.113.1"}]}, [
            {"Type": "dns", "DomainName": "c2.example", "IpAddresses": [{"Type": "ip", "Address": "203.0.113.1"}]}
        ]),
        ("networkConnection", {"sourceAddress": {"ipAddress": "10.0.0.1"}, "destinationAddress": {}}, [
            {"Type": "ip", "Address": "10.0.0.1"}
        ]),
        ("hostLogonSession", {"account": {"userAccount": {"accountName": "a"}}, "host": {"hostName": "h"}}, [
            {"Type": "account", "Name": "a"},
            {"Type": "host", "HostName": "h"},
        ]),
        ("malware", {"name": "EICAR", "category": "Virus", "files": [{"fileDetails": {"fileName": "e.com"}}]}, [
            {"Type": "malware", "Name": "EICAR", "Category": "Virus"},
            {"Type": "file", "Name": "e.com"},
        ]),
        ("submissionMail", {"networkMessageId": "m-1", "sender": "a@b.example", "recipient": "c@d.example"}, [
            {
                "Type": "submissionmail", "NetworkMessageId": "m-1", "Sender": "a@b.example",
                "Recipient": "c@d.example",
            }
        ]),
        ("blob", {"name": "b.zip", "url": "https://s.example/b", "fileHashes": [{"value": SHA1}]}, [
            {"Type": "blob", "Name": "b.zip", "Url": "https://s.example/b"},
            {"Type": "filehash", "Value": SHA1},
        ]),
    ],
)  # fmt: skip
def test_evidence_becomes_entities_in_sentinels_form(
    kind: str, fields: dict[str, Any], entities: list[dict[str, Any]]
) -> None:
    assert read(kind, **fields) == entities


def test_evidence_of_a_future_type_is_kept_complete() -> None:
    assert read("quantumDevice", name="q-1", qubits=[1, {"state": "up"}]) == [
        {
            "Type": "quantumDevice",
            "@odata.type": "#microsoft.graph.security.quantumDeviceEvidence",
            "verdict": "unknown",
            "name": "q-1",
            "qubits": [1, {"state": "up"}],
        }
    ]


def test_evidence_that_says_nothing_gives_nothing() -> None:
    assert [kind for kind in DOCUMENTED if read(kind)] == []
