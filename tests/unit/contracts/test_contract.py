"""How messages are read and built: strict about our own keys, lenient about a newer producer's, clear when refused."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.contracts.action import DESTRUCTIVE, Action, ActionName, actions_hash
from shared.contracts.alert import CanonicalAlert
from shared.contracts.dead_letter import DeadLetter
from shared.contracts.llm_job import job_topic
from shared.errors import GOT_LIMIT, InvalidInput

ALERT = {"alert_id": "a-1", "source": "sentinel", "timestamp": "2026-11-20T08:00:00Z", "title": "t", "severity": "high"}


def read(**fields: Any) -> CanonicalAlert:
    return CanonicalAlert.from_json(json.dumps(ALERT | fields))


def test_reading_ignores_keys_of_a_newer_producer() -> None:
    assert read(added_next_year=1, parsed_entities={}).alert_id == "a-1"


def test_building_refuses_unknown_keys() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        CanonicalAlert.model_validate({**ALERT, "titel": "misspelt"})


def test_message_survives_writing_and_reading() -> None:
    alert = read(tactics="Execution, Persistence", raw_payload={"deep": [1, None, "ü\u0000"]})
    assert CanonicalAlert.from_json(alert.to_json()) == alert
    assert alert.tactics == ["Execution", "Persistence"]


@pytest.mark.parametrize("given_severity", ["Severe", "", "5", "hïgh", "critical!"])
def test_unknown_severity_becomes_medium_and_is_flagged(given_severity: str) -> None:
    alert = read(severity=given_severity)
    assert alert.severity == "medium"
    assert alert.flags == [f"severity_unknown:{given_severity}" if given_severity else "severity_missing"]


@pytest.mark.parametrize("value", [None, 5, ["high"], {"level": "high"}])
def test_severity_of_another_type_becomes_medium_and_is_flagged(value: Any) -> None:
    alert = read(severity=value)
    assert (alert.severity, len(alert.flags)) == ("medium", 1)


def test_severity_in_another_spelling_is_known() -> None:
    assert (read(severity=" HIGH ").severity, read(severity="High").flags) == ("high", [])


def test_flags_that_were_there_stay() -> None:
    assert read(severity="Severe", flags=["late"]).flags == ["late", "severity_unknown:Severe"]


@pytest.mark.parametrize("tenant", ["*", "", " a", "a b", "a\n", "x" * 129, "-a"])
def test_tenant_that_is_not_a_valid_name_is_refused(tenant: str) -> None:
    with pytest.raises(InvalidInput, match=r"CanonicalAlert\.tenant_id"):
        read(tenant_id=tenant)


def test_refusal_says_where_what_was_found_what_was_expected_and_how_much_more_is_wrong() -> None:
    with pytest.raises(InvalidInput) as caught:
        CanonicalAlert.from_json(json.dumps({**ALERT, "timestamp": "yesterday", "raw_payload": 3}))
    assert caught.value.field == "CanonicalAlert.timestamp"
    assert caught.value.got == "yesterday"
    assert "ISO 8601" in caught.value.expected
    assert caught.value.hint == "1 more field(s) are wrong."
    assert str(caught.value).startswith("CanonicalAlert.timestamp: got 'yesterday', expected ")


def test_refusal_of_invalid_json_names_the_whole_message() -> None:
    with pytest.raises(InvalidInput, match=r"CanonicalAlert\.\(whole message\)"):
        CanonicalAlert.from_json(b"\xff\xfe not json")


def test_refusal_shows_only_the_start_of_a_hostile_value() -> None:
    with pytest.raises(InvalidInput) as caught:
        read(timestamp="x" * 1_000_000)
    assert caught.value.got == f"{'x' * GOT_LIMIT}… (1000000 characters)"
    assert len(str(caught.value)) < 1000


@given(text=st.text(st.characters(codec=None), max_size=300))
@example("\ud800\x1b[2J\x00\u202e\r\nforged line")
def test_refusal_is_printable_whatever_the_stranger_sent(text: str) -> None:
    error = InvalidInput(f"alert.{text}", got=[text], expected=f"another value than {text}", hint=f"See {text}.")
    assert str(error).isprintable()
    assert str(error).encode()
    assert (error.field + error.got + error.expected + error.hint).isprintable()


@given(data=st.binary(max_size=200))
def test_reading_any_bytes_gives_an_alert_or_our_own_error(data: bytes) -> None:
    try:
        CanonicalAlert.from_json(data)
    except InvalidInput as error:
        assert error.field.startswith("CanonicalAlert.")


@pytest.mark.parametrize("field", ["value_base64", "headers"])
def test_dead_letter_whose_bytes_cannot_be_given_back_is_refused(field: str) -> None:
    dead_letter = {
        "letter_id": "l-1", "error_type": "ValueError", "reason": "no", "value_base64": "",
        "source_topic": "alerts.raw", "first_failed_at": "2026-11-20T08:00:00Z",
    }  # fmt: skip
    DeadLetter.from_json(json.dumps(dead_letter))
    broken = dead_letter | {field: "no base64!" if field == "value_base64" else {"h": "no base64!"}}
    with pytest.raises(InvalidInput, match=rf"DeadLetter\.{field}.*base64"):
        DeadLetter.from_json(json.dumps(broken))


def test_destructive_actions_are_those_that_change_what_people_work_with() -> None:
    assert {str(action) for action in DESTRUCTIVE} == {
        *("isolate_host", "disable_account", "block_ip", "block_url", "block_file", "revoke_sessions"),
        *("reset_credentials", "purge_mail", "quarantine_file", "close_incident"),
    }


def action(name: str, target: str) -> Action:
    return Action(action=ActionName(name), target=target)


def test_actions_hash_changes_with_any_action_target_or_order() -> None:
    first, second = action("isolate_host", "a"), action("block_ip", "b")
    hashes = [
        actions_hash(actions)
        for actions in (
            [],
            [first],
            [second],
            [first, second],
            [second, first],
            [action("isolate_host", "a\n1:block_ip:b")],
            [action("isolate_host", "a\nblock_ip:b")],
            [action("disable_account", "a")],
        )
    ]
    assert len(set(hashes)) == len(hashes)
    assert {len(value) for value in hashes} == {64}


@pytest.mark.parametrize(
    ("severity", "queue"),
    [
        ("critical", "critical"),
        ("high", "high"),
        ("medium", "normal"),
        ("low", "low"),
        ("informational", "low"),
        ("odd", "normal"),
    ],
)
def test_job_topic_is_the_queue_of_the_severity(severity: str, queue: str) -> None:
    assert job_topic(severity) == f"jobs.llm.priority.{queue}"
