"""The preflight's questions to Azure's management API, answered by the simulated one."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from cli.deployment.azure import EVENT_HUBS, OLDEST_BUNDLE, ROLES, management
from cli.deployment.finding import Finding, State, Target
from local.services.simulators import Simulators
from local.services.site import CHECKOUT
from local.simulators.managed_identity import OBJECT_ID
from local.simulators.resource_manager import NAMESPACE
from shared.settings import Settings
from tests.unit.test_settings import example

GROUPS = ["$Default", "aluskort"]
IN_ORDER = {
    "roles": list(ROLES),
    "references": {"ANTHROPIC_API_KEY": "Resolved"},
    "consumer_groups": {"sentinel-alerts": GROUPS, "siem-alerts": GROUPS},
}
APP = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Web/sites/app"
FULL = {"name": {"value": "cores"}, "currentValue": 8, "limit": 8}

Ask = Callable[..., Any]


@pytest.fixture
def ask(simulators: Simulators, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Findings by name for a state of the subscription."""
    for name, value in (example() | simulators.managed_identity()).items():
        monkeypatch.setenv(name, value)
    base = simulators.claude_url().removesuffix("/claude")
    variables = {
        "AZURE_SUBSCRIPTION_ID": "s",
        "AZURE_RESOURCE_MANAGER_URL": f"{base}/resource-manager",
        "AZURE_LOCATION": "westeurope",
        "AZURE_FUNCTION_APP_ID": APP,
        "ALUSKORT_SENTINEL_EVENTHUB__fullyQualifiedNamespace": f"{NAMESPACE}.servicebus.windows.net",
        "ALUSKORT_SENTINEL_HUB": "sentinel-alerts",
        "ALUSKORT_SIEM_HUB": "siem-alerts",
    }

    async def findings(state: dict[str, Any], **changes: str) -> dict[str, Finding]:
        async with httpx.AsyncClient() as client:
            (await client.put(f"{base}/control/resource-manager", json=state)).raise_for_status()
        target = Target(variables | changes, Settings())
        return {finding.name: finding async for finding in management(target)}

    return findings


async def test_subscription_in_order_passes_every_question(ask: Ask) -> None:
    found = await ask(IN_ORDER)
    assert {finding.state for finding in found.values()} == {State.OK}
    assert set(found) == {
        *("Azure: resource providers", "Azure: roles", "Azure: quotas", "Azure: Key Vault references"),
        "Azure: extension bundle",
        "Azure: consumer groups",
    }
    assert found["Azure: extension bundle"].found == "the host runs 4.37.1"


@pytest.mark.parametrize(
    ("disorder", "name", "state", "sentence"),
    [
        (
            {"bundle": "4.31.2"},
            "Azure: extension bundle",
            State.FAILED,
            "the host runs 4.31.2, expected 4.32.0 or later",
        ),
        (
            {"providers": {"Microsoft.App": "NotRegistered"}},
            "Azure: resource providers",
            State.FAILED,
            "Microsoft.App (Flex Consumption's network, Qdrant and Neo4j): NotRegistered",
        ),
        (
            {"roles": list(ROLES)[1:]},
            "Azure: roles",
            State.FAILED,
            f"{OBJECT_ID} lacks Storage Blob Data Contributor",
        ),
        (
            {"usages": {"Microsoft.DBforPostgreSQL": [FULL]}},
            "Azure: quotas",
            State.WARNING,
            "used up: PostgreSQL: cores 8 of 8",
        ),
        (
            {"references": {"ANTHROPIC_API_KEY": "AccessToKeyVaultDenied"}},
            "Azure: Key Vault references",
            State.FAILED,
            "ANTHROPIC_API_KEY: AccessToKeyVaultDenied",
        ),
        (
            {"consumer_groups": {"sentinel-alerts": ["$Default"]}},
            "Azure: consumer groups",
            State.FAILED,
            f"the hub sentinel-alerts has no consumer group aluskort; {NAMESPACE} has no hub siem-alerts",
        ),
        (
            {"namespaces": ["another"]},
            "Azure: consumer groups",
            State.FAILED,
            f"the subscription has no namespace {NAMESPACE}",
        ),
    ],
)
async def test_what_is_in_disorder_is_named(
    ask: Ask, disorder: dict[str, Any], name: str, state: State, sentence: str
) -> None:
    found = (await ask(IN_ORDER | disorder))[name]
    assert (found.state, found.found) == (state, sentence)
    assert found.todo


async def test_deployment_without_event_hubs_needs_neither_its_provider_nor_its_roles(ask: Ask) -> None:
    without = {"ALUSKORT_SENTINEL_MODE": "poll", "ALUSKORT_SENTINEL_HUB": "", "ALUSKORT_SIEM_HUB": ""}
    state = {"roles": [role for role in ROLES if role not in EVENT_HUBS], "namespaces": []}
    found = await ask(IN_ORDER | state | {"providers": {"Microsoft.EventHub": "NotRegistered"}}, **without)
    names = ("Azure: resource providers", "Azure: roles", "Azure: consumer groups")
    assert [found[name].state for name in names] == [State.OK, State.OK, State.NOT_APPLICABLE]


async def test_bundle_that_may_not_be_read_is_not_a_failure(ask: Ask) -> None:
    assert (await ask(IN_ORDER | {"bundle": None}))["Azure: extension bundle"].state is State.NOT_APPLICABLE


async def test_host_json_asks_for_the_oldest_bundle_that_the_preflight_accepts() -> None:
    host = json.loads((CHECKOUT / "host.json").read_text())
    assert host["extensionBundle"]["version"] == f"[{OLDEST_BUNDLE}, 5.0.0)"


async def test_owner_of_blobs_needs_no_contributor_role(ask: Ask) -> None:
    owner = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
    assert (await ask(IN_ORDER | {"roles": [*list(ROLES)[1:], owner]}))["Azure: roles"].state is State.OK


async def test_identity_without_a_token_is_asked_to_sign_in(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_HEADER", "wrong")
    (finding,) = (await ask(IN_ORDER)).values()
    assert (finding.name, finding.state) == ("Azure: sign-in", State.FAILED)
