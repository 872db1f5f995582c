"""The subscription, over Azure's management API, when AZURE_SUBSCRIPTION_ID is given: resource providers, the
identity's roles, quotas, the app's Key Vault references and extension bundle, the triggers' consumer groups.
Reads only.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType
from typing import Any

import httpx

from cli.deployment.finding import Finding, Target, failed, not_applicable, ok, warning
from cli.deployment.network import event_hubs_address, hubs_read
from local.services.event_hubs import GROUP
from shared.errors import StoreUnavailable
from shared.settings import KafkaSecurity
from shared.stores.entra import EntraToken, object_id

MANAGEMENT = "https://management.azure.com"
TIMEOUT_SECONDS = 20.0
# Resource providers: what each is needed for.
PROVIDERS: Mapping[str, str] = MappingProxyType(
    {
        "Microsoft.Web": "the function app",
        "Microsoft.App": "Flex Consumption's network, Qdrant and Neo4j",
        "Microsoft.Storage": "blobs",
        "Microsoft.EventHub": "Sentinel's hub and Kafka",
        "Microsoft.DBforPostgreSQL": "the database",
        "Microsoft.Cache": "Redis",
        "Microsoft.KeyVault": "secrets and the audit key",
        "Microsoft.ManagedIdentity": "the app's identity",
        "Microsoft.Network": "private endpoints",
        "Microsoft.DurableTask": "orchestrations",
        "Microsoft.Insights": "metrics and alerts",
        "Microsoft.OperationalInsights": "logs",
        "Microsoft.OperationsManagement": "Sentinel's workspace",
        "Microsoft.SecurityInsights": "Sentinel",
        "Microsoft.Consumption": "the budget",
    }
)
# Built-in roles that the app's identity must have, by the last part of their definition's id.
ROLES: Mapping[str, str] = MappingProxyType(
    {
        "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
        "a638d3c7-ab3a-418d-83e6-5f17a39d4fde": "Azure Event Hubs Data Receiver",
        "2b629674-e913-4c01-ae53-ef4638d8f975": "Azure Event Hubs Data Sender",
        "12338af0-0e69-4776-bea7-57ae8d297424": "Key Vault Crypto User",
        "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
        "0ad04412-c4d5-4796-b79c-f76d14c8d402": "Durable Task Data Contributor",
        "3b03c2da-16b3-4a49-8834-0f8130efdd3b": "Log Analytics Data Reader",
    }
)
# Those of both tables that only Event Hubs needs.
EVENT_HUBS = frozenset(
    {"Microsoft.EventHub", "a638d3c7-ab3a-418d-83e6-5f17a39d4fde", "2b629674-e913-4c01-ae53-ef4638d8f975"}
)
# The oldest extension bundle that Microsoft's pages on the Durable Task Scheduler name; host.json asks for it.
OLDEST_BUNDLE = "4.32.0"
# A reader of the subscription may not see the host's own status, and not every plan forwards the request.
NOT_SHOWN = frozenset({httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND})
BLOB_OWNER, BLOB_CONTRIBUTOR = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b", "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
# Quotas by the path below a region: what they limit.
QUOTAS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "Microsoft.DBforPostgreSQL/locations/{region}/resourceType/flexibleServers/usages": (
            "2024-08-01",
            "PostgreSQL",
        ),
        "Microsoft.Web/locations/{region}/usages": ("2024-11-01", "Functions"),
    }
)


class _Refused(Exception):
    """The API's answer is not what was asked for; the message quotes it."""

    def __init__(self, path: str, status: int, text: str) -> None:
        super().__init__(f"{path} answered {status}: {text[:200]}")
        self.status = status


async def management(target: Target) -> AsyncIterator[Finding]:
    """Providers, roles, quotas, references and consumer groups."""
    subscription = target.variables.get("AZURE_SUBSCRIPTION_ID", "")
    if not subscription:
        yield not_applicable("Azure", "AZURE_SUBSCRIPTION_ID is not set, so the management API is not queried")
        return
    base = target.variables.get("AZURE_RESOURCE_MANAGER_URL", MANAGEMENT)
    try:
        token = await EntraToken(f"{MANAGEMENT}/.default").get()
    except StoreUnavailable as error:
        yield failed("Azure: sign-in", error, "Sign in (az login), or run where the managed identity is.")
        return
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=f"{base}/subscriptions/{subscription}", headers=headers) as client:
        client.timeout = httpx.Timeout(TIMEOUT_SECONDS)
        principal = target.variables.get("AZURE_PRINCIPAL_ID") or object_id(token)
        steps = (
            ("Azure: resource providers", _providers(client, target)),
            ("Azure: roles", _roles(client, principal, target)),
            ("Azure: quotas", _quotas(client, target.variables.get("AZURE_LOCATION", ""))),
            ("Azure: Key Vault references", _references(client, target.variables.get("AZURE_FUNCTION_APP_ID", ""))),
            ("Azure: extension bundle", _bundle(client, target.variables.get("AZURE_FUNCTION_APP_ID", ""))),
            ("Azure: consumer groups", _consumer_groups(client, target)),
        )
        for name, step in steps:
            try:
                yield await step
            except (_Refused, httpx.HTTPError) as error:
                yield failed(name, error, "Give who runs this the role Reader on the subscription.")


def _without_event_hubs(target: Target, needed: Mapping[str, str]) -> dict[str, str]:
    """What is needed, less what is about Event Hubs where the deployment has neither a hub nor its Kafka there."""
    used = hubs_read(target.variables) or target.settings.kafka.security is KafkaSecurity.ENTRA
    return {key: value for key, value in needed.items() if used or key not in EVENT_HUBS}


async def _providers(client: httpx.AsyncClient, target: Target) -> Finding:
    name, unready = "Azure: resource providers", []
    needed = _without_event_hubs(target, PROVIDERS)
    for provider, need in needed.items():
        state = (await _get(client, f"providers/{provider}", "2021-04-01")).get("registrationState")
        if state != "Registered":
            unready.append(f"{provider} ({need}): {state}")
    if unready:
        return failed(
            name, "; ".join(unready), "az provider register --namespace ... for each, then wait some minutes."
        )
    return ok(name, f"all {len(needed)} are registered")


async def _roles(client: httpx.AsyncClient, principal: str, target: Target) -> Finding:
    name, path = "Azure: roles", "providers/Microsoft.Authorization/roleAssignments"
    found = await _values(client, path, "2022-04-01", **{"$filter": f"assignedTo('{principal}')"})
    given = {str(one["properties"]["roleDefinitionId"]).rpartition("/")[2] for one in found}
    if BLOB_OWNER in given:
        given.add(BLOB_CONTRIBUTOR)  # includes every right of the other
    needed = _without_event_hubs(target, ROLES)
    missing = [title for role, title in needed.items() if role not in given]
    if missing:
        return failed(name, f"{principal} lacks {', '.join(missing)}", "Assign them (Terraform's table of roles).")
    return ok(name, f"{principal} has all {len(needed)}")


async def _quotas(client: httpx.AsyncClient, region: str) -> Finding:
    name = "Azure: quotas"
    if not region:
        return not_applicable(name, "AZURE_LOCATION is not given")
    full, unknown = [], []
    for path, (version, title) in QUOTAS.items():
        try:
            usages = await _values(client, f"providers/{path.format(region=region)}", version)
        except _Refused as error:
            if error.status != httpx.codes.NOT_FOUND:
                raise
            unknown.append(title)
            continue
        full += [
            f"{title}: {use['name']['value']} {use['currentValue']} of {use['limit']}"
            for use in usages
            if use["limit"] > 0 and use["currentValue"] >= use["limit"]
        ]
    if full:
        return warning(name, f"used up: {'; '.join(full)}", "Ask for more before a deployment that adds to it.")
    return not_applicable(name, f"not reported for {', '.join(unknown)}") if unknown else ok(name, f"room in {region}")


async def _references(client: httpx.AsyncClient, app: str) -> Finding:
    name = "Azure: Key Vault references"
    if not app:
        return not_applicable(name, "AZURE_FUNCTION_APP_ID, the app's resource id, is not given")
    found = await _values(client, f"{_below(app)}/config/configreferences/appsettings", "2024-04-01")
    broken = [
        f"{one['name']}: {one['properties']['status']}" for one in found if one["properties"]["status"] != "Resolved"
    ]
    if broken:
        todo = "Let the identity read the vault's secrets, and the app reach the vault."
        return failed(name, "; ".join(broken), todo, mended=True)  # a restart, which a package brings, asks again
    return ok(name, f"{len(found)} resolved")


async def _bundle(client: httpx.AsyncClient, app: str) -> Finding:
    """Which extension bundle the host has loaded; host.json only says which ones it may take."""
    name = "Azure: extension bundle"
    if not app:
        return not_applicable(name, "AZURE_FUNCTION_APP_ID, the app's resource id, is not given")
    try:
        status = await _get(client, f"{_below(app)}/hostruntime/admin/host/status", "2024-04-01")
    except _Refused as error:
        if error.status in NOT_SHOWN:
            return not_applicable(name, f"the host does not show its status: {error}")
        raise
    version = str((status.get("extensionBundle") or {}).get("version") or "")
    if not version:
        return not_applicable(name, "the host's status names no bundle")
    if _numbers(version) < _numbers(OLDEST_BUNDLE):
        return failed(name, f"the host runs {version}, expected {OLDEST_BUNDLE} or later", "Restart the app.")
    return ok(name, f"the host runs {version}")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


async def _consumer_groups(client: httpx.AsyncClient, target: Target) -> Finding:
    """What the login to a hub does not show: a trigger without its consumer group never starts."""
    name, endpoint = "Azure: consumer groups", event_hubs_address(target)
    names = hubs_read(target.variables).values()
    hubs = [target.variables[variable] for variable in names if target.variables.get(variable)]
    if endpoint is None or not hubs:
        return not_applicable(name, "no Event Hubs namespace or no hub is set")
    namespace, missing = endpoint.host.partition(".")[0], []
    found = await _values(client, "providers/Microsoft.EventHub/namespaces", "2024-01-01")
    ids = [str(one["id"]) for one in found if one["name"].lower() == namespace.lower()]
    if not ids:
        todo = "Give the subscription that holds it in AZURE_SUBSCRIPTION_ID, or apply Terraform."
        return failed(name, f"the subscription has no namespace {namespace}", todo)
    for hub in hubs:
        try:
            groups = await _values(client, f"{_below(ids[0])}/eventhubs/{hub}/consumergroups", "2024-01-01")
        except _Refused as error:
            if error.status != httpx.codes.NOT_FOUND:
                raise
            missing.append(f"{namespace} has no hub {hub}")
            continue
        if GROUP not in {one["name"].lower() for one in groups}:
            missing.append(f"the hub {hub} has no consumer group {GROUP}")
    if missing:
        return failed(name, "; ".join(missing), "Apply Terraform, or make what is missing by hand.")
    return ok(name, f"{GROUP} is on {' and '.join(hubs)}")


def _below(resource: str) -> str:
    """The path of a resource id below its subscription, where the client's base URL ends."""
    return f"resourceGroups/{resource.partition('/resourceGroups/')[2]}"


async def _values(client: httpx.AsyncClient, path: str, version: str, **query: str) -> list[dict[str, Any]]:
    """All pages of a list."""
    page = await _get(client, path, version, **query)
    found: list[dict[str, Any]] = list(page["value"])
    while link := page.get("nextLink"):
        if not link.startswith(str(client.base_url.join("/"))):
            raise _Refused(path, httpx.codes.OK, f"the next page is elsewhere: {link}")  # our token goes nowhere else
        page = await _get(client, link, "")
        found += page["value"]
    return found


async def _get(client: httpx.AsyncClient, path: str, version: str, **query: str) -> dict[str, Any]:
    answer = await client.get(path, params={"api-version": version, **query} if version else None)
    if answer.is_error:
        raise _Refused(path, answer.status_code, answer.text)
    body: dict[str, Any] = answer.json()
    return body
