"""The simulated managed identity: the token endpoint that App Service gives its apps (IDENTITY_ENDPOINT,
api-version 2019-08-01), over plain HTTP on this machine as the real one is. It knows one identity.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.simulators.identity import key_id

API_VERSION = "2019-08-01"
HEADER = "x-identity-header"
SECRET = "simulated"  # noqa: S105 - what IDENTITY_HEADER must be, so that a request from elsewhere is told apart
OBJECT_ID = "00000000-0000-0000-0000-00000000a1a1"
LIFETIME_SECONDS = 86_400


@dataclass
class ManagedIdentity:
    """Issues tokens for any resource, signed with ``key``; as the real one it repeats a token until it expires."""

    issuer: str
    key: rsa.RSAPrivateKey
    lifetime_seconds: int = LIFETIME_SECONDS
    kept: dict[str, tuple[str, int]] = field(default_factory=dict)  # resource: token, when it expires
    roles: list[str] = field(default_factory=list)  # application roles that every token claims

    @property
    def routes(self) -> list[Route]:
        """The routes below the mount point."""
        return [Route("/token", self._token, methods=["GET"])]

    @property
    def control_routes(self) -> list[Route]:
        """The switch of tests: PUT {"lifetime_seconds": n, "roles": [...]} forgets all tokens; the next are so."""
        return [Route("/managed-identity", self._set_lifetime, methods=["PUT"])]

    async def _token(self, request: Request) -> Response:
        resource = request.query_params.get("resource", "")
        if request.headers.get(HEADER) != SECRET:
            return _refusal(401, f"{HEADER} is not this endpoint's")
        if request.query_params.get("api-version") != API_VERSION or not resource:
            return _refusal(400, f"expected api-version={API_VERSION} and a resource")
        token, expires = self.kept.get(resource, ("", 0))
        if expires <= time.time():
            token, expires = self.kept[resource] = self._issue(resource)
        answer = {"access_token": token, "expires_on": str(expires), "resource": resource, "token_type": "Bearer"}
        return JSONResponse({**answer, "client_id": OBJECT_ID})

    def _issue(self, resource: str) -> tuple[str, int]:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": resource,
            "oid": OBJECT_ID,
            "sub": OBJECT_ID,
            "iat": now,
            "exp": now + self.lifetime_seconds,
            "jti": str(uuid.uuid4()),
            "idtyp": "app",
            "roles": self.roles,
        }
        headers = {"kid": key_id(self.key)}
        return jwt.encode(claims, self.key, algorithm="RS256", headers=headers), now + self.lifetime_seconds

    async def _set_lifetime(self, request: Request) -> Response:
        wanted = await request.json()
        seconds = wanted.get("lifetime_seconds", LIFETIME_SECONDS)
        if not isinstance(seconds, int) or seconds < 1:
            return _refusal(400, f"lifetime_seconds: got {seconds!r}, expected a whole number from 1")
        self.lifetime_seconds, self.roles = seconds, wanted.get("roles", [])
        self.kept.clear()
        return Response(status_code=204)


def _refusal(status: int, message: str) -> Response:
    return JSONResponse({"statusCode": status, "message": message}, status_code=status)
