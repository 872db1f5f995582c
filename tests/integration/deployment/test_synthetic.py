"""A synthetic alert that nobody takes up: the stage that did not come is named."""

from collections.abc import Callable

import pytest

from cli.deployment.finding import State, Target
from cli.deployment.synthetic import follow, synthetic_alert
from shared.ingestion.envelope import read_rows
from shared.ingestion.sentinel import read_security_alert
from shared.settings import Settings
from tests.conftest import Database
from tests.unit.test_settings import example


async def test_stage_that_does_not_come_is_named_and_ends_the_following(
    database: Callable[[str], Database], event_hubs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = example() | {"ALUSKORT_POSTGRES_URL": database("synthetic_tests").url}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    variables = {"ALUSKORT_SENTINEL_EVENTHUB": event_hubs, "ALUSKORT_SENTINEL_HUB": "sentinel-alerts"}
    stages = [stage async for stage in follow(Target(variables, Settings()), timeout_seconds=1.5)]
    assert [stage.state for stage in stages] == [State.OK, State.FAILED]
    assert stages[1].name == "Synthetic alert: investigation opened"
    assert "did not come within 1.5 s" in stages[1].found


async def test_deployment_without_a_hub_gets_no_synthetic_alert(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in example().items():
        monkeypatch.setenv(name, value)
    target = Target({"ALUSKORT_SENTINEL_MODE": "poll"}, Settings())
    (finding,) = [stage async for stage in follow(target, timeout_seconds=1)]
    assert finding.state is State.NOT_APPLICABLE


def test_synthetic_alert_says_what_it_is_and_whose() -> None:
    (row,) = read_rows(synthetic_alert("synthetic-1"))
    alert = read_security_alert(row)
    assert (alert.tenant_id, alert.alert_id, alert.severity) == ("synthetic", "synthetic-1", "informational")
    assert "Synthetic alert of the preflight" in alert.title
    assert not alert.flags
