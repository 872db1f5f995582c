"""The preflight names every role that live actions lack."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from cli.deployment.actions import DEFENDER, GRAPH, live_actions
from cli.deployment.finding import Finding, State, Target
from local.services.simulators import Simulators
from shared.contracts.action import ActionClass
from shared.settings import Settings
from tests.unit.test_settings import example

WORKSPACE = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/w"
EVERY_ROLE = [one[0] for needed in (*DEFENDER.values(), *GRAPH.values()) for one in needed]

Ask = Callable[..., Any]


@pytest.fixture
def ask(simulators: Simulators, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Findings by name for what is live and the roles that the identity has."""
    for name, value in (example() | simulators.managed_identity()).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ALUSKORT_ACTION_MANAGEMENT_URL", simulators.sentinel_url())
    base = simulators.claude_url().removesuffix("/claude")

    async def findings(
        live: list[ActionClass], roles: list[str], *, workspaces: dict[str, str] | None = None
    ) -> dict[str, Finding]:
        monkeypatch.setenv("ALUSKORT_ACTION_LIVE", json.dumps({"tenant-1": live} if live else {}))
        monkeypatch.setenv("ALUSKORT_ACTION_INCIDENTS", json.dumps(workspaces or {}))
        async with httpx.AsyncClient() as client:
            (await client.put(f"{base}/control/managed-identity", json={"roles": roles})).raise_for_status()
            (await client.put(f"{base}/control/sentinel", json={"incidents": []})).raise_for_status()
        settings = Settings()
        return {finding.name: finding async for finding in live_actions(Target({}, settings))}

    return findings


@pytest.fixture
def a_webhook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALUSKORT_NOTIFICATION_TEAMS_URL", "https://example.webhook.office.com/x")
    monkeypatch.setenv("ALUSKORT_NOTIFICATION_LINK_BASE", "https://soc.example.com/cases")
    monkeypatch.setenv("ALUSKORT_NOTIFICATION_LINK_KEY", "k" * 32)


async def test_nothing_live_needs_no_role(ask: Ask) -> None:
    (finding,) = (await ask([], [])).values()
    assert finding.state is State.NOT_APPLICABLE


async def test_everything_live_passes_with_every_role(ask: Ask, a_webhook: None) -> None:
    found = await ask(list(ActionClass), EVERY_ROLE, workspaces={"tenant-1": WORKSPACE})
    assert {name: finding.state for name, finding in found.items()} == dict.fromkeys(
        ("Actions: Defender", "Actions: Graph", "Actions: people", "Actions: Sentinel"), State.OK
    )


@pytest.mark.parametrize("missing", EVERY_ROLE)
async def test_each_missing_role_is_named(ask: Ask, missing: str) -> None:
    found = await ask(list(ActionClass), [role for role in EVERY_ROLE if role != missing])
    (lacking,) = (one for one in found.values() if " lacks " in one.found)
    assert lacking.state is State.FAILED
    assert missing in lacking.found.partition(" lacks ")[2]
    assert "," not in lacking.found.partition(" lacks ")[2]


async def test_role_that_includes_another_is_enough(ask: Ask) -> None:
    found = await ask([ActionClass.IDENTITY], ["User.ReadWrite.All"])
    assert found["Actions: Graph"].state is State.OK


async def test_class_that_is_not_live_is_not_checked(ask: Ask) -> None:
    assert set(await ask([ActionClass.INDICATOR], ["Ti.ReadWrite"])) == {"Actions: Defender"}


async def test_incidents_without_a_workspace_are_named(ask: Ask) -> None:
    finding = (await ask([ActionClass.INCIDENT], []))["Actions: Sentinel"]
    assert (finding.state, finding.found) == (State.FAILED, "tenant-1 has no workspace")


async def test_people_without_a_webhook_or_a_workspace_are_named(ask: Ask) -> None:
    found = await ask([ActionClass.PEOPLE], [])
    assert (found["Actions: people"].state, found["Actions: people"].found) == (State.FAILED, "no webhook is set")
    assert found["Actions: Sentinel"].found == "tenant-1 has no workspace"
