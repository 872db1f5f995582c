"""Whether what is live can be done: the application roles in the identity's tokens for Defender and Graph, and the
role on each Sentinel workspace. Reads only.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from types import MappingProxyType

import jwt

from cli.deployment.finding import Finding, Target, failed, not_applicable, ok
from shared.contracts.action import ActionClass
from shared.errors import AluskortError, StoreUnavailable
from shared.response.connectors import defender_machines, graph_users, sentinel_incidents
from shared.response.connectors.products import resource_manager
from shared.settings import ActionSettings
from shared.stores.entra import EntraToken

# What each class needs, one of each line.
_EVERY_USER = "User.ReadWrite.All"
DEFENDER: Mapping[ActionClass, Sequence[tuple[str, ...]]] = MappingProxyType(
    {
        ActionClass.ENDPOINT: (
            ("Machine.Read.All", "Machine.ReadWrite.All"),  # without it every look-up fails, whatever else is granted
            ("Machine.Isolate",),
            ("Machine.StopAndQuarantine",),
            ("File.Read.All",),
        ),
        ActionClass.INDICATOR: (("Ti.ReadWrite", "Ti.ReadWrite.All"),),
    }
)
GRAPH: Mapping[ActionClass, Sequence[tuple[str, ...]]] = MappingProxyType(
    {
        ActionClass.IDENTITY: (
            ("User.Read.All", _EVERY_USER),
            ("User.EnableDisableAccount.All", _EVERY_USER),
            ("User.RevokeSessions.All", _EVERY_USER),
            ("User-PasswordProfile.ReadWrite.All", _EVERY_USER),
        ),
        ActionClass.MAIL: (("SecurityAnalyzedMessage.ReadWrite.All",),),
    }
)
IN_SENTINEL = frozenset({ActionClass.INCIDENT, ActionClass.PEOPLE})  # a ticket is a task of the incident
REMEDY = "Grant them to the app's managed identity, with admin consent: docs/deployment.md, Let actions be carried out."


async def live_actions(target: Target) -> AsyncIterator[Finding]:
    """Every missing role of what is live for any tenant."""
    name, action = "Actions", target.settings.action
    live = frozenset().union(*action.live.values())
    if not live:
        yield not_applicable(name, "none is live: ALUSKORT_ACTION_LIVE is empty, so all are dry runs")
        return
    products = (
        ("Actions: Defender", defender_machines.SCOPE, DEFENDER),
        ("Actions: Graph", graph_users.SCOPE, GRAPH),
    )
    for product, scope, needed in products:
        if roles := [one for action_class in sorted(live & needed.keys()) for one in needed[action_class]]:
            yield await _application_roles(product, scope, roles)
    if ActionClass.PEOPLE in live:
        yield _channels(target)
    if live & IN_SENTINEL:
        async for finding in _workspaces(action):
            yield finding


def _channels(target: Target) -> Finding:
    name, channels = "Actions: people", sorted(target.settings.notification.webhooks)
    if channels:
        return ok(name, f"messages go out by {' and '.join(channels)}; none was sent")
    return failed(name, "no webhook is set", "Set ALUSKORT_NOTIFICATION_TEAMS_URL or ALUSKORT_NOTIFICATION_SLACK_URL.")


async def _application_roles(name: str, scope: str, needed: Sequence[tuple[str, ...]]) -> Finding:
    try:
        claims = jwt.decode(await EntraToken(scope).get(), options={"verify_signature": False})
    except (StoreUnavailable, jwt.InvalidTokenError) as error:
        return failed(name, error, "Sign in (az login), or run where the managed identity is.")
    if claims.get("idtyp") != "app" and "roles" not in claims:
        return not_applicable(name, "this is a person's token; only the app's own says which roles the app has")
    given = set(claims.get("roles") or [])
    missing = [" or ".join(one) for one in needed if given.isdisjoint(one)]
    if missing:
        return failed(name, f"the identity {claims.get('oid')} lacks {', '.join(missing)}", REMEDY)
    return ok(name, f"all {len(needed)} application roles that are needed")


async def _workspaces(action: ActionSettings) -> AsyncIterator[Finding]:
    name = "Actions: Sentinel"
    manager = resource_manager(action)
    try:
        for tenant in sorted(tenant for tenant, live in action.live.items() if live & IN_SENTINEL):
            workspace = action.incidents.get(tenant)
            if workspace is None:
                yield failed(name, f"{tenant} has no workspace", "Name its resource id in ALUSKORT_ACTION_INCIDENTS.")
                continue
            path = f"{workspace}/providers/Microsoft.SecurityInsights/incidents"
            try:
                await manager.get(path, {**sentinel_incidents.VERSION, "$top": "1"})
                yield ok(name, f"the incidents of {tenant} can be read; a change was not tried")
            except AluskortError as error:
                yield failed(name, f"{tenant}: {error}", "Give the identity Microsoft Sentinel Responder on it.")
    finally:
        await manager.close()
