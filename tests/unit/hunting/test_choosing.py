"""Which questions an alert calls for."""

from pathlib import Path

import pytest

from local.samples import SAMPLES
from shared.hunting.catalogue import catalogue
from shared.hunting.choosing import FIRST_ROUND, SECOND_ROUND, first_round, second_round
from shared.hunting.question import Parameter
from shared.hunting.subject import Subject, subject_of
from shared.ingestion.envelope import read_rows
from shared.ingestion.shapes import read_alert
from shared.parsing.entities import parse_alert_entities
from tests.unit.hunting.asking import subject

# What an analyst would ask first about the sample.
EXPECTED = {
    "credential-dumping": {"log_ons_to_device", "files_dropped_by_file"},
    "impossible-travel-inbox-rule": {"sign_ins_of_account", "mailbox_rules_of_account"},
    "anomalous-token": {"sign_ins_of_account", "credentials_changed_for_account"},
    "dcsync": {"directory_replication_by_account", "log_ons_to_device"},
    "lateral-movement-psexec": {"services_installed_on_device", "spread_from_device"},
    "command-and-control-beacon": {"connections_of_file", "devices_connected_to_domain"},
    "web-shell": {"shells_of_servers_on_device", "devices_connected_to_address"},
    "mass-download": {"files_taken_by_account"},
    "training-data-poisoning": {"label_changes_by_account", "model_changes_by_account"},
    "ransomware-on-file-server": {"recovery_destroyed_on_device", "files_changed_in_bulk_on_device"},
    "unfamiliar-sign-in": {"sign_ins_of_account", "sign_ins_from_address", "risky_sign_ins_of_account"},
    "malicious-attachment-removed": {"attachments_by_hash", "mails_of_sender", "delivery_of_mails"},
    "encoded-powershell": {"encoded_commands_on_device", "autostart_entries_on_device", "processes_started_by_file"},
    "penetration-test": {"directory_queries_of_account"},
    "password-spray": {"sign_ins_from_address", "identity_log_ons_from_address"},
    "phish-reported-by-user": {"mails_of_sender", "clicks_on_domain"},
    "brute-force-ssh": {"log_ons_from_address", "ssh_log_ons_from_address"},
    "port-scan-from-outside": {"firewall_traffic_of_address"},
    "ot-plc-program-changed": {"firewall_traffic_of_address", "other_alerts_about_address"},
}


def sample(name: str) -> Subject:
    alert = read_alert(read_rows(Path(SAMPLES / f"{name}.json").read_bytes())[0])
    return subject_of(
        parse_alert_entities(alert.entities_raw, alert.raw_payload),
        alert_id=alert.alert_id,
        timestamp=alert.timestamp,
        tactics=alert.tactics,
        techniques=alert.techniques,
        product=alert.product,
    )


@pytest.mark.parametrize("name", EXPECTED)
def test_sample_is_asked_about_as_an_analyst_would(name: str) -> None:
    chosen = [question.name for question in first_round(catalogue(), sample(name))]
    assert set(chosen) >= EXPECTED[name], chosen
    assert len(chosen) <= FIRST_ROUND


def test_alert_of_unknown_kind_is_asked_about_by_its_entities() -> None:
    chosen = first_round(catalogue(), subject({Parameter.DEVICE_NAMES: ["ws-1"]}))
    assert len(chosen) == FIRST_ROUND
    assert all(question.parameters == (Parameter.DEVICE_NAMES,) for question in chosen)


def test_alert_without_entities_is_asked_nothing() -> None:
    assert first_round(catalogue(), subject({}, tactics=["impact"], techniques=["T1486"])) == []


def test_choice_is_the_same_every_time() -> None:
    one = sample("credential-dumping")
    assert first_round(catalogue(), one) == first_round(dict(reversed(list(catalogue().items()))), one)


def test_second_round_takes_only_known_askable_and_new_names_in_their_order() -> None:
    about = subject({Parameter.DEVICE_NAMES: ["ws-1"], Parameter.ADDRESSES: ["203.0.113.5"]})
    names = ["DROP TABLE", "mails_of_sender", "spread_from_device", "log_ons_from_address", "spread_from_device"]
    chosen = second_round(catalogue(), names, about, asked={"log_ons_from_address"})
    assert [question.name for question in chosen] == ["spread_from_device"]
    everything = second_round(catalogue(), catalogue(), about, asked=())
    assert len(everything) == SECOND_ROUND
