import json
from pathlib import Path

import pytest

from shared.errors import ConfigurationError
from shared.settings import Settings, settings, variables

ROOT = Path(__file__).parents[2]


def example() -> dict[str, str]:
    values: dict[str, str] = json.loads((ROOT / "local.settings.json.example").read_text())["Values"]
    return values


def test_example_names_every_setting() -> None:
    assert set(variables().values()) <= set(example())


def test_example_values_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in example().items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    try:
        assert settings().approval.timeout_seconds == 4 * 3600
    finally:
        settings.cache_clear()


def test_missing_and_wrong_settings_are_all_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in variables().values():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALUSKORT_LLM_WAIT_SECONDS", "soon")
    settings.cache_clear()
    with pytest.raises(ConfigurationError) as refused:
        settings()
    for wanted in ("ALUSKORT_POSTGRES_URL", "ALUSKORT_KAFKA_BROKERS", "ANTHROPIC_API_KEY", "ALUSKORT_LLM_WAIT_SECONDS"):
        assert wanted in str(refused.value)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("{", "ALUSKORT_ALERT_SOURCES: expected JSON"),
        ('{"a": {"siem": "qradar", "tenant": "t"}}', r"ALUSKORT_ALERT_SOURCES\.a\.siem"),
        ('{"a": {"siem": "elastic", "tenant": "*"}}', r"ALUSKORT_ALERT_SOURCES\.a\.tenant"),
        ('{"a": {"siem": "elastic"}}', r"ALUSKORT_ALERT_SOURCES\.a\.tenant"),
        ('{"A/b": {"siem": "elastic", "tenant": "t"}}', "ALUSKORT_ALERT_SOURCES"),
    ],
)
def test_wrong_alert_source_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, given: str, expected: str) -> None:
    for name, value in example().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ALUSKORT_ALERT_SOURCES", given)
    settings.cache_clear()
    with pytest.raises(ConfigurationError, match=expected) as refused:
        settings()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({"ALUSKORT_KAFKA_SECURITY": "entra"}, "ALUSKORT_KAFKA_TRIGGER_CONNECTION is needed"),
        ({"ALUSKORT_KAFKA_BROKERS": "ns.servicebus.windows.net:9093"}, "needs ALUSKORT_KAFKA_SECURITY=entra"),
        ({"ALUSKORT_KAFKA_SECURITY": "tls"}, "ALUSKORT_KAFKA_SECURITY: input should be 'plaintext' or 'entra'"),
    ],
)
def test_kafka_settings_that_do_not_fit_together_are_refused(
    values: dict[str, str], wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (example() | values).items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    with pytest.raises(ConfigurationError, match=wanted):
        settings()


WEBHOOK = {
    "ALUSKORT_NOTIFICATION_SLACK_URL": "https://hooks.example.com/T0/B0/x",
    "ALUSKORT_NOTIFICATION_LINK_BASE": "https://soc.example.com/cases",
    "ALUSKORT_NOTIFICATION_LINK_KEY": "k" * 32,
}


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({"ALUSKORT_NOTIFICATION_SLACK_URL": "http://hooks.example.com/x"}, "ALUSKORT_NOTIFICATION_SLACK_URL"),
        ({"ALUSKORT_NOTIFICATION_TEAMS_URL": "hooks.example.com"}, "ALUSKORT_NOTIFICATION_TEAMS_URL"),
        ({"ALUSKORT_NOTIFICATION_LINK_BASE": ""}, "ALUSKORT_NOTIFICATION_LINK_BASE, an https:// URL, is needed"),
        ({"ALUSKORT_NOTIFICATION_LINK_KEY": "short"}, "ALUSKORT_NOTIFICATION_LINK_KEY, at least 32 random characters"),
        ({"ALUSKORT_APPROVAL_SEVERITY_SECONDS": '{"urgent": 60}'}, "ALUSKORT_APPROVAL_SEVERITY_SECONDS"),
        ({"ALUSKORT_APPROVAL_SEVERITY_SECONDS": '{"critical": 0}'}, "ALUSKORT_APPROVAL_SEVERITY_SECONDS.critical"),
        ({"ALUSKORT_APPROVAL_TIMEOUT_SECONDS": "99999999"}, "ALUSKORT_APPROVAL_TIMEOUT_SECONDS"),
    ],
    ids=str,
)
def test_settings_of_approvals_and_notifications_that_cannot_work_are_refused_by_name(
    values: dict[str, str], wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (example() | WEBHOOK | values).items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    with pytest.raises(ConfigurationError, match=wanted) as refused:
        settings()
    assert "hooks.example.com/T0" not in str(refused.value)


def test_secrets_do_not_show_in_a_printed_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in example().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-very-secret")
    assert "sk-very-secret" not in repr(Settings())


@pytest.mark.parametrize(
    ("mode", "workspaces", "said"),
    [
        ("poll", "{}", "ALUSKORT_WORKSPACES: value error, poll mode"),
        ("streaming", "{}", "ALUSKORT_SENTINEL_MODE: input should be 'event_hub' or 'poll'"),
        ("event_hub", '{"my-workspace": "contoso"}', "ALUSKORT_WORKSPACES"),
        ("poll", '{"00000000-0000-0000-0000-000000000001": "*"}', "ALUSKORT_WORKSPACES"),
        ("poll", "00000000-0000-0000-0000-000000000001=contoso", "JSON"),
    ],
)
def test_wrong_sentinel_settings_are_named(
    monkeypatch: pytest.MonkeyPatch, mode: str, workspaces: str, said: str
) -> None:
    for name, value in example().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ALUSKORT_SENTINEL_MODE", mode)
    monkeypatch.setenv("ALUSKORT_WORKSPACES", workspaces)
    settings.cache_clear()
    with pytest.raises(ConfigurationError) as refused:
        settings()
    assert said in str(refused.value)
