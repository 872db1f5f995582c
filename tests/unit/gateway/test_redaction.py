import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.gateway.evidence import read_evidence
from shared.gateway.pii_names import find_names
from shared.gateway.redaction import Redactor, deanonymise_text, redact_pii

PIECES = st.sampled_from([
    "alice@corp.example", "CORP\\jsmith", "10.0.0.5", "8.8.8.8", "2001:db8::1", "4111 1111 1111 1111", "123-45-6789",
    "+44 20 7946 0958", "(555) 123-4567", "USER_001", "IP_SRC_0012", "TEXT_001", "C:\\Users\\bob\\a.exe",
    "/home/carol/x", "T1059.001", "12:30:45", "_", " ", ".", "-", "+", "x", "9", "é", "\\", "/", ":", "@", "(",
])  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=4), max_size=12).map("".join))
@example("USER_00110.0.0.5alice@corp.example")
@example("CORP\\svc$2026-11-23T10:00")
def test_deanonymise_of_redacted_text_gives_the_original(text: str) -> None:
    redacted, redactions = redact_pii(text)
    assert deanonymise_text(redacted, redactions) == (text, [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail from alice@corp.example", "mail from EMAIL_001"),
        ("mail from josé@corp.example", "mail from EMAIL_001"),
        ("CORP\\jsmith logged on", "USER_001 logged on"),
        ("from 10.0.0.5 to 8.8.8.8 to 10.0.0.5", "from IP_001 to IP_002 to IP_001"),
        ("from fe80::1", "from IP_001"),
        ("ssn 123-45-6789", "ssn SSN_001"),
        ("card 4111 1111 1111 1111", "card CC_001"),
        ("card 4111 1111 1111 1112", "card 4111 1111 1111 1112"),
        ("call +44 20 7946 0958", "call +PHONE_001"),
        ("call (555) 123-4567", "call (PHONE_001"),
        ("USER_001 did it", "TEXT_001 did it"),
    ],
)
def test_redact_replaces_each_kind(text: str, expected: str) -> None:
    assert redact_pii(text)[0] == expected


@pytest.mark.parametrize(
    "text",
    [
        "d41d8cd98f00b204e9800998ecf8427e",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "CVE-2024-3094 and T1059.001 and AML.T0051",
        "https://evil.example.com/login at 2026-11-23T10:00:00Z, rule 942100, 12:30:45",
        "HKLM\\Software\\Microsoft\\Windows and C:\\Windows\\System32\\cmd.exe",
        "NT AUTHORITY\\SYSTEM",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    ],
)
def test_redact_leaves_indicators_paths_and_times_alone(text: str) -> None:
    assert redact_pii(text)[0] == text


def test_redact_covers_the_user_in_paths_and_host_names() -> None:
    redacted, redactions = redact_pii("JSMITH-LAPTOP ran C:\\Users\\jsmith\\x.exe")
    assert "smith" not in redacted.lower()
    assert redactions.same_identities() == [["USER_001", "USER_002"]]


def test_redact_knows_accounts_hosts_and_directions_from_entities() -> None:
    entities = {
        "accounts": [{"entity_type": "account", "primary_value": "jdoe", "properties": {"DisplayName": "Jane Doe"}}],
        "hosts": [{"entity_type": "host", "primary_value": "WS01.corp.example"}],
        "ips": [{"entity_type": "ip", "primary_value": "203.0.113.9", "properties": {"direction": "source"}}],
    }
    alert = {"description": "Jane Doe (jdoe) on ws01 from 203.0.113.9, annual jdoes", "entities": entities}
    evidence = read_evidence(json.dumps({"alert": alert}))
    redactor = Redactor(find_names(evidence))
    redacted = evidence.map(redactor.redact)
    assert redacted.alert["description"] == "PERSON_001 (USER_001) on HOST_001 from IP_SRC_001, annual jdoes"
    assert redacted.alert["entities"]["accounts"][0]["primary_value"] == "USER_001"
    assert redacted.map(lambda text: deanonymise_text(text, redactor.redactions)[0]) == evidence


def test_redaction_tells_which_addresses_are_internal() -> None:
    assert redact_pii("203.0.113.9 to 10.1.2.3")[1].internal_addresses() == ["IP_002"]


def test_deanonymise_matches_whole_tokens_and_reports_unknown_ones() -> None:
    _, redactions = redact_pii("a@b.example")
    assert deanonymise_text("EMAIL_0010 EMAIL_001", redactions) == ("[unknown] a@b.example", ["EMAIL_0010"])


def test_placeholders_grow_to_four_digits_after_999() -> None:
    redacted, redactions = redact_pii(" ".join(f"10.0.{number // 250}.{number % 250}" for number in range(1001)))
    assert redacted.endswith("IP_999 IP_1000 IP_1001")
    assert deanonymise_text("IP_100 IP_1000", redactions)[0] == "10.0.0.99 10.0.3.249"


def test_redaction_map_shows_no_original_when_printed() -> None:
    assert "secret" not in repr(redact_pii("secret@corp.example")[1])
