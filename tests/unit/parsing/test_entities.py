"""From Sentinel's entity JSON, and from free text, to entities."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.contracts.entity import AlertEntities
from shared.parsing import parse_alert_entities


def parse(entities: Any) -> AlertEntities:
    return parse_alert_entities(entities if isinstance(entities, str) else json.dumps(entities), {})


def values(entities: AlertEntities, category: str) -> list[str]:
    return [entity.primary_value for entity in getattr(entities, category)]


def test_references_resolve_forwards_and_backwards() -> None:
    found = parse([
        {"$id": "2", "HostName": "WS-1", "DnsDomain": "corp.example", "Type": "host"},
        {"$id": "3", "ProcessId": "41", "CommandLine": "a.exe  -x", "ImageFile": {"$ref": "5"},
         "ParentProcess": {"$ref": "4"}, "Host": {"$ref": "2"}, "Type": "process"},
        {"$id": "4", "ProcessId": "7", "ImageFile": {"$id": "6", "Name": "b.exe", "Type": "file"}, "Type": "process"},
        {"$id": "5", "Name": "a.exe", "Directory": "C:\\T", "FileHashes": [{"Algorithm": "SHA256", "Value": "AB" * 32}],
         "Type": "file"},
    ])  # fmt: skip
    assert values(found, "hosts") == ["WS-1.corp.example"]
    process = found.processes[0]
    assert (process.primary_value, process.source_id) == ("a.exe", "3")
    assert process.properties == {
        "process_id": "41", "command_line": "a.exe  -x", "image_name": "a.exe", "parent_process_id": "7"
    }  # fmt: skip
    assert values(found, "files") == ["b.exe", "a.exe"]
    assert found.files[1].properties["full_path"] == "C:\\T\\a.exe"
    assert found.file_hashes[0].properties == {"algorithm": "sha256", "associated_file": "a.exe"}
    assert found.raw_iocs == ["ab" * 32]
    assert found.parse_errors == []


@pytest.mark.parametrize(
    ("entity", "category", "value"),
    [
        ({"Type": "account", "Name": "a", "UPNSuffix": "b.example", "AadUserId": "1"}, "accounts", "a@b.example"),
        ({"Type": "account", "Name": "ann", "AadUserId": "id-1"}, "accounts", "id-1"),
        ({"Type": "account", "Name": "ann", "NTDomain": "CORP"}, "accounts", "ann"),
        ({"Type": "account", "Name": "ann@corp.example", "UPNSuffix": "corp.example"}, "accounts", "ann@corp.example"),
        ({"Type": "host", "NetBiosName": "WS-2"}, "hosts", "WS-2"),
        ({"Type": "host", "HostName": "ws.corp.example", "DnsDomain": "corp.example"}, "hosts", "ws.corp.example"),
        ({"Type": "ip", "Address": "2001:DB8::1"}, "ips", "2001:db8::1"),
        ({"type": "IP", "ADDRESS": "192.0.2.1"}, "ips", "192.0.2.1"),
        ({"Address": "192.0.2.1"}, "ips", "192.0.2.1"),
        ({"Type": "process", "ProcessId": 8}, "processes", "8"),
        ({"Type": "url", "Url": "http://a.example/"}, "urls", "http://a.example/"),
        ({"Type": "dns", "DomainName": "a.example."}, "dns_records", "a.example"),
        ({"Type": "filehash", "Algorithm": "MD5", "Value": "A" * 32}, "file_hashes", "a" * 32),
        ({"Type": "mailbox", "MailboxPrimaryAddress": "a@b.example"}, "mailboxes", "a@b.example"),
        ({"Type": "registry-key", "Hive": "HKLM", "Key": "Software\\X"}, "other", "HKLM\\Software\\X"),
        ({"Type": "security-group", "DistinguishedName": "CN=a"}, "other", "CN=a"),
        ({"Type": "malware", "Name": "M"}, "other", "M"),
        ({"Type": "iot-device", "DeviceName": "PLC-1"}, "hosts", "PLC-1"),
    ],
)  # fmt: skip
def test_each_type_is_known_by_its_own_value(entity: dict[str, Any], category: str, value: str) -> None:
    found = parse([entity])
    assert values(found, category) == [value]
    assert found.parse_errors == []


def test_nested_lists_and_json_in_strings_are_read() -> None:
    host = json.dumps({"HostName": "WS-1", "Type": "host"})
    found = parse(
        [[[{"Type": "account", "Name": "ann", "Host": host}]], json.dumps([{"Type": "ip", "Address": "192.0.2.1"}])]
    )
    assert (values(found, "accounts"), values(found, "hosts"), values(found, "ips")) == (
        ["ann"],
        ["WS-1"],
        ["192.0.2.1"],
    )


def test_each_entity_says_where_it_stood() -> None:
    found = parse([
        {"$id": "1", "Type": "account", "Name": "ann", "Host": {"Type": "host", "HostName": "ws-1"}},
        [{"Type": "file", "Name": "a.exe", "FileHashes": [{"Type": "filehash", "Value": "ab" * 16}]}],
        {"Type": "process", "ProcessId": "1", "a/b~c": {"Type": "malware", "Name": "m"}},
    ])  # fmt: skip
    assert {entity.primary_value: entity.source_pointer for entity in found.all()} == {
        "ann": "/0", "ws-1": "/0/Host", "a.exe": "/1/0", "ab" * 16: "/1/0/FileHashes/0", "1": "/2", "m": "/2/a~1b~0c"
    }  # fmt: skip


def test_session_and_connection_keep_what_their_ends_do_not_say() -> None:
    found = parse([
        {"$id": "1", "Type": "ip", "Address": "192.0.2.1"},
        {"Type": "network-connection", "Protocol": "Tcp", "SourceAddress": {"$ref": "1"}, "SourcePort": 5044,
         "DestinationAddress": {"Address": "192.0.2.2"}, "DestinationPort": "443"},
        {"Type": "cloud-logon-session", "SessionId": "s-1", "UserAgent": "curl/8"},
        {"Type": "host-logon-session", "Account": {"Type": "account", "Name": "ann"}},
    ])  # fmt: skip
    assert values(found, "other") == ["192.0.2.1:5044 -> 192.0.2.2:443 Tcp", "s-1"]
    assert found.other[1].properties["raw"]["useragent"] == "curl/8"
    assert (values(found, "ips"), values(found, "accounts")) == (["192.0.2.1", "192.0.2.2"], ["ann"])
    assert found.losses == 0


def test_entities_cut_off_by_the_exporter_are_read_as_far_as_they_go() -> None:
    cut_off = '[{"Type": "host", "HostName": "ws-1"}, {"Address": "192.0.2.99'
    found = parse_alert_entities(cut_off, {"Description": "seen 203.0.113.9"})
    assert values(found, "hosts") == ["ws-1"]
    assert set(found.raw_iocs) == {"192.0.2.99", "203.0.113.9"}
    assert "breaks off" in found.parse_errors[0]


def test_nan_and_infinity_lose_no_entity() -> None:
    found = parse('[{"Type": "process", "ProcessId": NaN, "CommandLine": "a"}, {"Type": "malware", "Name": -Infinity}]')
    assert (values(found, "processes"), found.losses) == (["a"], 1)


def test_repeated_entity_is_kept_once_with_all_its_properties() -> None:
    found = parse([
        {"$id": "1", "Type": "host", "HostName": "ws-1"},
        {"$id": "2", "Type": "host", "HostName": "WS-1", "OSFamily": "Linux"},
    ])  # fmt: skip
    (host,) = found.hosts
    assert (host.source_id, host.properties) == ("1", {"hostname": "ws-1", "os_family": "Linux"})


def test_processes_of_one_image_stay_apart() -> None:
    image = {"Type": "file", "Name": "cmd.exe"}
    found = parse([{"Type": "process", "ProcessId": pid, "ImageFile": image} for pid in ("1", "2")])
    assert len(found.processes) == 2


@pytest.mark.parametrize(
    ("entities", "loss"),
    [
        ([{"Type": "ip", "Address": "300.1.1.1"}, {"Type": "ip", "Address": "192.0.2.1"}], "no IP address"),
        ([{"Type": "filehash", "Value": "xyz"}], "no MD5"),
        ([{"Type": "host"}], "without a value"),
        ([{"Type": "quantum-device", "Name": "q"}], "unknown"),
        ([{"Colour": "red"}], "without a Type"),
        ([{"Type": "process", "ProcessId": "1", "ImageFile": {"$ref": "9"}}], "refers to nothing"),
        ([{"Type": "ip", "Address": "192.0.2.1", "address": "192.0.2.2"}], "/0: 1 fields are given twice"),
        ([{"$ref": "9"}], "/0: $ref '9' refers to nothing"),
        ([{"Type": "account", "Name": "a", "Host": {"$ref": "9"}}], "/0/host: $ref '9' refers to nothing"),
        ([{"Type": "file", "Name": "a", "FileHashes": ["xyz"]}], "'xyz' is no MD5"),
        ([{"$id": "1", "Type": "malware", "Name": "a"}, {"$id": "1", "Type": "malware", "Name": "b"}], "taken already"),
        ([{"Type": "url", "Url": "http://a.example/" + "x" * 5_000}], "cut to 2048"),
        (["text", 7], "not objects"),
        (7, "single JSON value"),
        ("[{", "breaks off"),
        ("[}", "JSON array"),
        ("[" * 90 + "]" * 90, "64 levels"),
        ([{"Type": "malware", "Name": str(number)} for number in range(1_100)], "100 objects beyond the first 1000"),
        ([{}] * 6_000, "values beyond the first 5000"),
    ],
)
def test_every_loss_is_on_the_record(entities: Any, loss: str) -> None:
    assert any(loss in line for line in parse(entities).parse_errors)


def test_flood_of_entities_is_read_up_to_the_bound_and_the_rest_is_counted() -> None:
    flood = [{"Type": "ip", "Address": f"10.0.{number // 256}.{number % 256}"} for number in range(6_000)]
    found = parse(flood)
    assert values(found, "ips")[::999] == ["10.0.0.0", "10.0.3.231"]
    assert found.losses == 1_000 + 4_000
    assert found.parse_errors == [
        "entities: 1000 values beyond the first 5000 were not looked at",
        "entities: 4000 objects beyond the first 1000 entities",
    ]


def test_unknown_type_is_kept_with_its_fields() -> None:
    (entity,) = parse([{"Type": "quantum-device", "Name": "q-7", "Qubits": 5}]).other
    assert (entity.entity_type, entity.primary_value) == ("cloud-application", "q-7")
    assert entity.properties["raw"] == {"type": "quantum-device", "name": "q-7", "qubits": "5"}


def test_what_an_unknown_type_holds_is_read_or_kept_with_it() -> None:
    inside = {"Where": {"Address": "192.0.2.1"}, "Who": {"Type": "account", "Name": "ann"}}
    found = parse([{"Type": "quantum-device", "Name": "q-7", **inside, "Notes": [{"By": {"Tool": "x"}}]}])
    assert (values(found, "ips"), values(found, "accounts")) == (["192.0.2.1"], ["ann"])
    assert found.other[0].properties["raw"]["notes"] == [{"by": {"tool": "x"}}]
    assert found.losses == 1  # that the type was unknown


def test_account_whose_name_is_a_principal_is_known_by_it() -> None:
    found = parse([{"Type": "account", "Name": "ann@corp.example", "UPNSuffix": "corp.example", "AadUserId": "7"}])
    assert values(found, "accounts") == ["ann@corp.example"]


def test_users_of_one_name_in_two_domains_stay_apart() -> None:
    found = parse([{"Type": "account", "Name": "admin", "NTDomain": domain} for domain in ("CORP", "LAB", "corp")])
    assert [account.properties["nt_domain"] for account in found.accounts] == ["CORP", "LAB"]


def test_account_in_text_is_what_it_is_in_entities() -> None:
    text = parse_alert_entities("", {"Description": "as CORP\\ann, then LAB\\ann"}).accounts
    entities = parse([{"Type": "account", "Name": "ann", "NTDomain": domain} for domain in ("CORP", "LAB")]).accounts
    assert [(one.primary_value, one.properties) for one in text] == [
        (one.primary_value, one.properties) for one in entities
    ]


def test_hashes_and_images_that_are_texts_are_read() -> None:
    digest = "D41D8CD98F00B204E9800998ECF8427E"
    found = parse([
        {"Type": "file", "Name": "a.dll", "FileHashes": [digest]},
        {"Type": "process", "ProcessId": "7", "ImageFile": "C:\\tools\\nc.exe"},
    ])  # fmt: skip
    assert (values(found, "file_hashes"), found.files[0].properties["hash_md5"]) == ([digest.lower()], digest.lower())
    assert (values(found, "processes"), found.losses) == (["nc.exe"], 0)


@pytest.mark.parametrize(
    ("entity", "value"),
    [
        ({"Type": "nic", "MacAddress": "00-11-22-33-44-55"}, "00-11-22-33-44-55"),
        ({"Type": "cloud-logon-request", "RequestId": "r-1"}, "r-1"),
        ({"Type": "container", "ContainerId": "c-1"}, "c-1"),
        ({"Type": "K8s-secret", "Name": "token"}, "token"),
        ({"Type": "mailcluster", "NetworkMessageIds": ["m-1", "m-2"]}, "m-1"),
        ({"Type": "submissionmail", "SubmissionId": "s-1"}, "s-1"),
    ],
)
def test_entity_is_known_by_what_its_type_has(entity: Any, value: str) -> None:
    found = parse([entity])
    assert (values(found, "other"), found.losses) == ([value], 0)


@pytest.mark.parametrize("held", [{"$ref": "1"}, {"Name": "x"}, [True], [{"$ref": "1"}]])
def test_flag_given_as_an_object_does_not_break_the_alert(held: Any) -> None:
    found = parse([{"$id": "1", "Type": "account", "Name": "ann", "IsDomainJoined": held}])
    properties = AlertEntities.from_json(found.to_json()).accounts[0].properties
    assert {name: value for name, value in properties.items() if name != "extra"} == {"name": "ann"}


def test_keys_of_references_come_in_any_case() -> None:
    found = parse([
        {"$ID": "1", "TYPE": "file", "NAME": "a.exe"},
        {"type": "process", "processId": "7", "imageFile": {"$REF": "1"}},
    ])  # fmt: skip
    assert (values(found, "processes"), values(found, "files"), found.losses) == (["a.exe"], ["a.exe"], 0)


def test_lists_and_objects_that_are_json_in_a_string_are_read() -> None:
    found = parse([
        {"Type": "mailmessage", "NetworkMessageId": "m", "Urls": '["http://a.example/", "http://b.example/"]'},
        {"Type": "ip", "Address": "192.0.2.1", "Location": '{"City": "Oslo"}'},
    ])  # fmt: skip
    assert values(found, "urls") == ["http://a.example/", "http://b.example/"]
    assert (found.ips[0].properties, found.losses) == ({"geo_city": "Oslo"}, 0)


def test_reference_cycle_ends() -> None:
    found = parse([
        {"$id": "1", "Type": "process", "ProcessId": "1", "ParentProcess": {"$ref": "2"}},
        {"$id": "2", "Type": "process", "ProcessId": "2", "ParentProcess": {"$ref": "1"}},
    ])  # fmt: skip
    assert [process.properties["parent_process_id"] for process in found.processes] == ["2", "1"]


def test_command_line_is_cut_but_not_stripped() -> None:
    (process,) = parse([{"Type": "process", "ProcessId": "1", "CommandLine": "  a\tb\x00" + "x" * 20_000}]).processes
    assert process.properties["command_line"].startswith("  a\tb\ufffd")
    assert len(process.properties["command_line"]) == 16_384


def test_control_characters_and_lone_surrogates_are_harmless() -> None:
    found = parse('[{"Type": "malware", "Name": "a\\u0000b\\ud800c\\u001b"}]')
    assert values(found, "other") == ["ab\ufffdc"] or values(found, "other") == ["ab?c"]
    assert b"\\u0000" not in found.to_json()


def test_text_is_searched_only_when_no_entity_was_found() -> None:
    payload = {"Description": "seen 203.0.113.9", "AlertLink": "https://portal.example/x", "SystemAlertId": "a.example"}
    assert parse_alert_entities('[{"Type": "host", "HostName": "h"}]', payload).raw_iocs == []
    for entities in ("", "[]", "{broken"):
        found = parse_alert_entities(entities, payload)
        assert found.raw_iocs == ["203.0.113.9"]
        assert found.ips[0].confidence == 0.6


def test_custom_details_and_broken_entities_are_searched_too() -> None:
    details = json.dumps({"Custom Details": json.dumps({"Domain": ["evil.example"]})})
    found = parse_alert_entities('[{"Address": "203.0.113.5"', {"ExtendedProperties": details})
    assert found.raw_iocs == ["203.0.113.5", "evil.example"]


@pytest.mark.parametrize(
    ("payload", "loss"),
    [
        ({"a": [{"b": ["x.example"]}] * 3_000}, "raw_payload: 3000 values beyond the first 5000 were not searched"),
        ({"a": [["x"] * 4_000, ["y"] * 4_000]}, "raw_payload: 3003 values beyond the first 5000 were not searched"),
        ({"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": ["x.example"]}}}}}}}}, "deeper than 8 levels"),
    ],
)
def test_payload_that_was_not_searched_to_its_end_says_so(payload: Any, loss: str) -> None:
    found = parse_alert_entities("", payload)
    assert any(loss in line for line in found.parse_errors)
    assert found.losses >= 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["$id", "$ref", "Type", "Name", "Host", "x"]), inner)
    ),
    max_leaves=30,
)


@given(value=json_values, payload=json_values)
@example(value=[{"Type": "ip", "Address": []}], payload={"Description": "\ud800"})
@example(value=[{"Type": [], "$id": {}, "$ref": None}], payload=None)
@settings(max_examples=200)
def test_any_json_gives_a_message_that_can_be_sent(value: Any, payload: Any) -> None:
    found = parse_alert_entities(json.dumps(value), {"payload": payload})
    assert AlertEntities.from_json(found.to_json()) == found


@given(text=st.text())
@settings(max_examples=200)
def test_any_text_gives_a_message_that_can_be_sent(text: str) -> None:
    found = parse_alert_entities(text, {"Description": text})
    assert AlertEntities.from_json(found.to_json()) == found


def test_device_is_read_with_what_an_analyst_asks_first() -> None:
    found = parse([
        {
            "Type": "host", "HostName": "ws-1", "AadDeviceId": "d-1", "RiskScore": "High", "HealthStatus": "Active",
            "OnboardingStatus": "Onboarded", "AvStatus": 2, "RbacGroupName": "Finance", "OsBuild": 22631,
            "LastIpAddress": {"Address": "192.0.2.7", "Type": "ip"}, "LastExternalIpAddress": "198.51.100.7",
            "LoggedOnUsers": [{"AccountName": "ann", "DomainName": "CORP"}],
            "Tags": [{"ProviderName": "Defender", "TagId": "t-1", "TagName": "VIP", "TagType": "UserDefined"}],
        }
    ])  # fmt: skip
    (device,), (user,) = found.hosts, found.accounts
    assert (user.primary_value, user.properties["nt_domain"], found.dns_records) == ("ann", "CORP", [])
    expected = {
        "hostname": "ws-1", "aad_device_id": "d-1", "risk_score": "High", "health_status": "Active",
        "onboarding_status": "Onboarded", "av_status": "2", "device_group": "Finance", "os_build": "22631",
        "last_ip_address": "192.0.2.7", "last_external_ip_address": "198.51.100.7",
        "logged_on_users": ["CORP\\ann"], "tags": ["VIP"],
    }  # fmt: skip
    assert {name: value for name, value in device.properties.items() if name != "extra"} == expected
    assert device.properties["extra"]["tags"][0]["tagtype"] == "UserDefined"


@pytest.mark.parametrize("kind", ["account", "host", "ip", "file", "url", "mailbox", "mailmessage", "azureresource"])
def test_verdict_and_role_that_the_source_gave_are_kept_for_every_kind(kind: str) -> None:
    named = {"ip": {"Address": "192.0.2.1"}, "url": {"Url": "http://a.example/"}, "host": {"HostName": "ws-1"}}
    (entity,) = parse([
        {
            "Type": kind, **named.get(kind, {"Name": "x", "Subject": "x", "Upn": "x@a.example"}),
            "LastVerdict": "Malicious", "Roles": ["Attacker", "Contextual"],
            "ThreatAnalysisSummary": [{"Verdict": "Malicious", "AnalysisDate": "2026-11-20"}],
        }
    ]).all()  # fmt: skip
    properties = entity.properties
    assert (properties["last_verdict"], properties["roles"]) == ("Malicious", ["Attacker", "Contextual"])
    assert properties["threat_analysis"] == ["Malicious (2026-11-20)"]


def test_every_other_scalar_is_kept_in_extra_within_bounds() -> None:
    fields = {f"Field{number}": f"value {number}" for number in range(100)} | {"Field3": "x" * 2_000, "IsValid": False}
    (account,) = parse([{"Type": "account", "Name": "ann", "Note": {"Author": "bob"}, **fields}]).accounts
    extra = account.properties["extra"]
    assert extra["note"] == {"author": "bob"}
    assert (extra["field0"], len(extra["field3"]), len(extra)) == ("value 0", 1_024, 40)


def test_two_objects_of_one_entity_keep_what_both_say() -> None:
    (file,) = parse([
        {"Type": "file", "Name": "a.exe", "CreatedTimeUtc": "1", "Roles": ["Attacked"]},
        {"Type": "file", "Name": "a.exe", "CreatedTimeUtc": "2", "Roles": ["Attacked", "Compromised"]},
    ]).files  # fmt: skip
    assert file.properties["extra"] == {"createdtimeutc": ["1", "2"]}
    assert file.properties["roles"] == ["Attacked", "Compromised"]
