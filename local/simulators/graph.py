"""The simulated Microsoft Graph: users of a directory, and the remediation of mail."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.simulators.product_faults import SimulatedProduct, refusal

READ = "User.Read.All|User.ReadWrite.All"
CHANGE = "User.EnableDisableAccount.All|User-PasswordProfile.ReadWrite.All|User.ReadWrite.All"
_EQUALS = re.compile(r"(\w+) eq '([^']*)'")


class Graph:
    """State: users [{id, userPrincipalName, accountEnabled, ...}]; ``remediations``: what was asked for mail."""

    def __init__(self) -> None:
        self.product = SimulatedProduct("graph")

    @property
    def routes(self) -> list[Route]:
        """The routes below the mount point."""
        at, user = self.product.route, "/v1.0/users/{id}"
        revoke = "User.RevokeSessions.All|User.ReadWrite.All"
        return [
            at("/v1.0/users", "GET", self._users, role=READ),
            at(user, "GET", self._user, role=READ),
            at(user, "PATCH", self._change, role=CHANGE),
            at(f"{user}/revokeSignInSessions", "POST", self._revoke, role=revoke),
            at(
                *("/v1.0/security/collaboration/analyzedEmails/remediate", "POST", self._remediate),
                role="SecurityAnalyzedMessage.ReadWrite.All",
            ),
        ]

    def _found(self, request: Request) -> dict[str, Any] | None:
        wanted = request.path_params["id"].casefold()
        known: list[dict[str, Any]] = self.product.state.get("users", [])
        named = (one for one in known if wanted in {one["id"].casefold(), one["userPrincipalName"].casefold()})
        return next(named, None)

    def _users(self, request: Request, _: Any) -> Response:
        if request.headers.get("consistencylevel") != "eventual" or "$count" not in request.query_params:
            return refusal(400, "Request_UnsupportedQuery", "This query needs ConsistencyLevel: eventual and $count.")
        field, value = _EQUALS.findall(request.query_params["$filter"])[0]
        return JSONResponse({"value": [one for one in self.product.state.get("users", []) if one.get(field) == value]})

    def _user(self, request: Request, _: Any) -> Response:
        found = self._found(request)
        return JSONResponse(found) if found else refusal(404, "Request_ResourceNotFound", "Resource does not exist.")

    def _change(self, request: Request, body: Any) -> Response:
        found = self._found(request)
        if found is None:
            return refusal(404, "Request_ResourceNotFound", "Resource does not exist.")
        found.update(body)
        return Response(status_code=204)

    def _revoke(self, request: Request, _: Any) -> Response:
        found = self._found(request)
        if found is None:
            return refusal(404, "Request_ResourceNotFound", "Resource does not exist.")
        found["signInSessionsValidFromDateTime"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return JSONResponse({"value": True})

    def _remediate(self, _: Request, body: Any) -> Response:
        self.product.state.setdefault("remediations", []).append(body)
        return Response(status_code=202)
