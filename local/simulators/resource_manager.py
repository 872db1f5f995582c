"""The simulated Azure Resource Manager: the reads of the preflight, over a subscription that tests can put in disorder.

Every provider is registered and nothing is used up unless PUT /control/resource-manager said otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

PAGE = 2  # short, so that every client has to follow nextLink
NAMESPACE = "evhns-aluskort"
SUBSCRIPTION = "/subscriptions/{subscription}"


@dataclass
class ResourceManager:
    """``state``: providers (namespace: state), roles (ids of the assigned), usages (provider: list), references,
    consumer_groups (hub: list), namespaces (names), bundle (version, None when the host shows nothing).
    """

    state: dict[str, Any] = field(default_factory=dict)

    @property
    def routes(self) -> list[Route]:
        """The routes below the mount point."""
        site = "/resourceGroups/{group}/providers/Microsoft.Web/sites/{app}"
        hub = f"/resourceGroups/{{group}}/providers/Microsoft.EventHub/namespaces/{NAMESPACE}/eventhubs/{{hub}}"
        return [
            Route(f"{SUBSCRIPTION}/providers/Microsoft.EventHub/namespaces", self._namespaces),
            Route(f"{SUBSCRIPTION}{hub}/consumergroups", self._consumer_groups),
            Route(f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments", self._roles),
            Route(f"{SUBSCRIPTION}/providers/{{provider}}/locations/{{rest:path}}", self._usages),
            Route(f"{SUBSCRIPTION}/providers/{{provider}}", self._provider),
            Route(f"{SUBSCRIPTION}{site}/config/configreferences/appsettings", self._references),
            Route(f"{SUBSCRIPTION}{site}/hostruntime/admin/host/status", self._host_status),
        ]

    @property
    def control_routes(self) -> list[Route]:
        """PUT replaces the state, {} puts all in order."""
        return [Route("/resource-manager", self._replace, methods=["PUT"])]

    async def _replace(self, request: Request) -> Response:
        self.state = await request.json()
        return Response(status_code=204)

    async def _provider(self, request: Request) -> Response:
        provider = request.path_params["provider"]
        state = self.state.get("providers", {}).get(provider, "Registered")
        return _answer(request, {"namespace": provider, "registrationState": state})

    async def _roles(self, request: Request) -> Response:
        scope = f"/subscriptions/{request.path_params['subscription']}"
        definition = f"{scope}/providers/Microsoft.Authorization/roleDefinitions"
        roles = [{"properties": {"roleDefinitionId": f"{definition}/{role}"}} for role in self.state.get("roles", [])]
        start = int(request.query_params.get("$skiptoken", "0"))
        body: dict[str, Any] = {"value": roles[start : start + PAGE]}
        if start + PAGE < len(roles):
            body["nextLink"] = str(request.url.include_query_params(**{"$skiptoken": start + PAGE}))
        return _answer(request, body)

    async def _usages(self, request: Request) -> Response:
        usages = self.state.get("usages", {}).get(request.path_params["provider"], [])
        return _answer(request, {"value": usages})

    async def _references(self, request: Request) -> Response:
        found = self.state.get("references", {})
        return _answer(
            request, {"value": [{"name": name, "properties": {"status": status}} for name, status in found.items()]}
        )

    async def _host_status(self, request: Request) -> Response:
        version = self.state.get("bundle", "4.37.1")
        if version is None:
            return _refusal(403, "AuthorizationFailed", "The client does not have authorization to perform action.")
        bundle = {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": version}
        return _answer(request, {"state": "Running", "extensionBundle": bundle})

    async def _namespaces(self, request: Request) -> Response:
        scope = f"/subscriptions/{request.path_params['subscription']}/resourceGroups/rg"
        names = self.state.get("namespaces", ["another", NAMESPACE])
        found = [{"id": f"{scope}/providers/Microsoft.EventHub/namespaces/{name}", "name": name} for name in names]
        return _answer(request, {"value": found})

    async def _consumer_groups(self, request: Request) -> Response:
        groups = self.state.get("consumer_groups", {}).get(request.path_params["hub"])
        if groups is None:
            return _refusal(404, "ResourceNotFound", "The requested resource does not exist.")
        return _answer(request, {"value": [{"name": name} for name in groups]})


def _answer(request: Request, body: dict[str, Any]) -> Response:
    if not request.headers.get("authorization", "").startswith("Bearer ey"):
        return _refusal(401, "AuthenticationFailed", "Authentication failed.")
    if not request.query_params.get("api-version"):
        return _refusal(
            400, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required."
        )
    return JSONResponse(body)


def _refusal(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status)
