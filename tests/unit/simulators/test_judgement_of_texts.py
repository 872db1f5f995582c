"""What the simulated judge makes of texts: denials, explanations, several signs, what the source and the logs say."""

from __future__ import annotations

import html
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.simulators.evidence import read_evidence
from local.simulators.indicators import extract_indicators
from local.simulators.judgement import Judgement, judge
from local.simulators.wording import affirms

HOST = {"type": "host", "value": "LAP-1"}
ACCOUNT = {"type": "account", "value": "m.reyes"}
DUMPING = "procdump64.exe read the memory of lsass.exe on LAP-1."
FACTS_FOR = (  # each one more that speaks for an attack
    "Shadow copies were deleted.",
    "A remote service was created with PsExec.",
    "It beacons to a command-and-control server.",
    "Port scan of the network.",
)


def verdict(description: str, title: str = "Alert", **more: Any) -> Judgement:
    context = more.pop("context", {})
    alert = {"title": title, "description": description, "severity": "medium", "entities": [HOST, ACCOUNT]} | more
    children = "".join(
        f"<{name}>{html.escape(value if isinstance(value, str) else json.dumps(value))}</{name}>"
        for name, value in alert.items()
    )
    retrieved = f"<retrieved_context>{html.escape(json.dumps(context))}</retrieved_context>"
    return judge(read_evidence(f"<untrusted_alert_data>{children}</untrusted_alert_data>{retrieved}"))


@pytest.mark.parametrize(
    "measured",  # one sentence of each rule against attacks on models
    [
        "Mean confidence of 80 inferences is -4.1 standard deviations off, 30% fail the physics check, +90 ms latency.",
        "310 alerts in 6 hours, 7.5 times the average.",
        "812 calls of 9 endpoints in 24 hours, 40 after hours, 6.2 times the daily average.",
        "640 questions to the model in 6 hours where at most 35 are usual.",
        "90 calls in 6 hours where at most 30 were usual, 12 without a verified certificate.",
        "40 checks in 15 minutes with 31 errors, 4 timeouts and 2 failures, beside 60 inferences.",
        "3 injections in one session, 1 past the filter, 2 questions with tool calls since.",
        "12 reports in 15 minutes with 24 protocol violations, at most 0.0 standard deviations and 3 sensors off.",
        "A node reported 3 times weights that no production model has.",
        "900 writes in 24 hours, 700 more than on the busiest day of the baseline.",
    ],
)
def test_what_a_detection_rule_measured_is_quoted(measured: str) -> None:
    assert [reason["quote"] for reason in verdict(measured).why.speaks_for] == [measured]


@pytest.mark.parametrize(
    "text",
    [
        "No ransomware was found",
        "There was no sign of any ransomware",
        "The scan ruled out ransomware",
        "Ransomware was not seen on the host",
        "Ransomware has been excluded",
        "It isn't ransomware",
        "ransomware: false",
        "Neither a miner nor ransomware ran",
        "The disk is free of ransomware",
    ],
)
def test_text_that_denies_a_word_does_not_affirm_it(text: str) -> None:
    assert not affirms("ransomware", text)


@pytest.mark.parametrize(
    "text",
    [
        "Ransomware was found",
        "The antivirus did not stop the ransomware",
        "Not only a miner but ransomware ran",
        "No user clicked, but ransomware ran",
        "Ransomware was not removed",
        "No ransomware on A, ransomware on B",
        "Nobody had ever seen such ransomware",
    ],
)
def test_text_that_denies_something_else_affirms_the_word(text: str) -> None:
    assert affirms("ransomware", text)


def test_crash_of_lsass_with_a_known_issue_is_no_credential_dumping() -> None:
    found = verdict("lsass.exe on LAP-1 crashed once after the November update and restarted. Known issue KB5099999.")
    assert found.classification == "benign_true_positive"
    assert [reason["claim"] for reason in found.why.speaks_for] == ["It is explained by a known fault."]


def test_announced_travel_with_second_factor_on_a_managed_device_is_no_takeover() -> None:
    text = "Travel calendar of m.reyes shows a trip to Lisbon; sign-in from Lisbon passed MFA on the compliant laptop."
    found = verdict(text, "Sign-in from new country", techniques='["T1078"]')
    assert found.classification == "benign_true_positive"


@pytest.mark.parametrize("without", ["passed MFA", "compliant", "Travel calendar"])
def test_each_missing_explanation_of_a_sign_in_lowers_the_confidence(without: str) -> None:
    text = "Travel calendar of m.reyes shows a trip to Lisbon; sign-in from Lisbon passed MFA on the compliant laptop."
    whole = verdict(text, "Sign-in from new country").confidence
    assert verdict(text.replace(without, "-"), "Sign-in from new country").confidence < whole


def test_sign_in_with_second_factor_alone_stays_open_and_asks_for_the_owner() -> None:
    found = verdict("Unfamiliar sign-in: new device, new city, correct password and second factor.")
    assert (found.classification, found.requires_human_approval) == ("requires_investigation", True)
    assert any("owner" in line for line in found.why.missing)
    assert any("second factor" in reason["claim"] for reason in found.why.speaks_against)


def test_failed_second_factor_explains_nothing() -> None:
    assert not verdict("Unfamiliar sign-in. The user never passed MFA, from a non-compliant laptop.").why.speaks_against


def test_listed_shadow_copies_are_backup_and_deleted_ones_ransomware() -> None:
    listed = verdict("veeam agent on BKP-3 listed shadow copies before the nightly job.", "Backup job used vssadmin")
    deleted = verdict("vssadmin delete shadows ran on BKP-3.")
    assert (listed.classification, deleted.classification) == ("benign_true_positive", "true_positive")
    assert deleted.severity == "critical"


@pytest.mark.parametrize(
    "text",
    [
        "net user support9 /add and net localgroup administrators support9 /add ran under the web server's account.",
        "p.lin granted Mail.ReadWrite to an application registered yesterday by an unknown publisher.",
        r"rclone.exe on LAP-2201 copied 48 GB from \\FS-01\Finance to mega.example.",
        "An encoded command was run by PowerShell and put itself into a Run key.",
    ],
)
def test_sign_of_attack_that_calls_for_containment_is_contained(text: str) -> None:
    found = verdict(text)
    assert (found.classification, found.severity) == ("true_positive", "high")
    assert {action.action for action in found.recommended_actions} & {"isolate_host", "disable_account"}


def test_run_key_of_an_approved_installer_is_less_sure_than_one_of_a_hidden_script() -> None:
    text = "The installer of Zoom, signed and approved in the software catalogue, set a Run key on LAP-9."
    assert verdict(text, techniques='["T1547.001"]').classification != "true_positive"
    assert verdict("A hidden script set a Run key on LAP-9.").classification == "true_positive"


def test_changed_controller_weighs_more_than_a_scan_of_the_plant() -> None:
    scan = verdict("10.90.2.99 read the registers of 60 Modbus addresses: probing of the control network.")
    change = verdict("The program of PLC-STATION-7 (Purdue level 1) was replaced from 10.90.1.40.")
    assert change.confidence > scan.confidence > 0.6
    assert (change.severity, scan.severity) == ("critical", "high")
    assert {action.action for action in change.recommended_actions} == {"notify_owner", "open_ticket"}


def test_break_glass_account_is_left_to_people_with_the_ticket_missing() -> None:
    found = verdict("breakglass-01 signed in from the console room.", "Break-glass account used")
    assert (found.classification, found.requires_human_approval) == ("requires_investigation", True)
    assert any("ticket" in line for line in found.why.missing)


def test_attack_that_failed_is_not_raised_in_severity_unless_the_logs_show_more() -> None:
    text = "5,400 failed log-ons from 203.0.113.91: brute force. None succeeded."
    rows = [{"SyslogMessage": "Accepted password for deploy from 203.0.113.91"}]
    alone = verdict(text, severity="low")
    logged = verdict(text, severity="low", context={"logs": {"ssh_log_ons_from_address": rows}})
    assert (alone.severity, logged.severity) == ("low", "high")
    assert logged.confidence > alone.confidence
    assert "isolate_host" in {action.action for action in logged.recommended_actions}


@pytest.mark.parametrize(("said", "moves"), [("Malicious", 1), ("Suspicious", 1), ("Unknown", 0)])
def test_verdict_of_the_source_counts(said: str, moves: int) -> None:
    with_verdict = verdict(DUMPING, entities=[HOST | {"last_verdict": said}])
    assert (with_verdict.confidence > verdict(DUMPING, entities=[HOST]).confidence) == bool(moves)


def test_clean_verdict_of_the_source_lowers_the_confidence() -> None:
    clean = verdict(DUMPING, entities=[HOST, {"type": "file", "value": "a.exe", "last_verdict": "NoThreatsFound"}])
    assert clean.confidence < verdict(DUMPING).confidence


@given(st.permutations(FACTS_FOR), st.integers(0, len(FACTS_FOR) - 1))
def test_one_more_sign_of_attack_never_lowers_the_confidence(facts: list[str], count: int) -> None:
    fewer, more = (verdict(" ".join([DUMPING, *facts[:number]])) for number in (count, count + 1))
    assert fewer.classification == more.classification == "true_positive"
    assert more.confidence >= fewer.confidence


def test_two_names_of_one_passage_weigh_less_than_two_passages() -> None:
    one = verdict("A network scan: reconnaissance by brute force.")
    two = verdict("A network scan was seen. Then came brute force.")
    assert two.confidence > one.confidence


@pytest.mark.parametrize("share", [r"\\FS-01\Finance", r"\\fs-01.corp.example\c$", r"\\10.1.2.3\Finance"])
def test_share_is_no_account_and_user_name_no_domain(share: str) -> None:
    text = f"rclone.exe copied 48 GB from {share} as CORP\\j.doe; user j.doe was on leave."
    found = extract_indicators(read_evidence(text))
    assert [item["value"] for item in found["accounts"]] == ["CORP\\j.doe"]
    assert "j.doe" not in [item["value"] for item in found["domains"]]


def test_judgement_says_that_it_is_simulated_and_by_rules() -> None:
    assert verdict(DUMPING).reasoning_chain[0].startswith("Simulated model: decided by plain rules")
