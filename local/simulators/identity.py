"""A simulated OpenID Connect provider: discovery, JWKS (RFC 7517), and RS256 tokens for whomever one asks for.
It proves nothing about anybody; only a product on the developer's own machine may trust it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.errors import ConfigurationError, InvalidInput

AUDIENCE = "aluskort"
LIFETIME_SECONDS = 3600
KEY_FILE = "identity-key.pem"
KEY_BITS = 2048


@dataclass(frozen=True)
class Subject:
    """Whom a token names; ``tenant`` is left out of the token when empty."""

    subject: str
    name: str
    roles: tuple[str, ...]
    tenant: str


@dataclass(frozen=True)
class IdentityProvider:
    """Issues and describes tokens of ``issuer``, signed with ``key``."""

    issuer: str
    key: rsa.RSAPrivateKey

    @property
    def routes(self) -> list[Route]:
        """The routes below the issuer's path."""
        return [
            Route("/.well-known/openid-configuration", self._discovery, methods=["GET"]),
            Route("/jwks", self._jwks, methods=["GET"]),
            Route("/token", self._token, methods=["POST"]),
        ]

    def issue(self, subject: Subject) -> str:
        """A signed access token, valid for an hour from now."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": subject.subject,
            "name": subject.name,
            "roles": list(subject.roles),
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME_SECONDS,
        }
        if subject.tenant:
            claims["tenant_id"] = subject.tenant
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": key_id(self.key)})

    async def _discovery(self, _: Request) -> Response:
        return JSONResponse({
            "issuer": self.issuer,
            "jwks_uri": f"{self.issuer}/jwks",
            "token_endpoint": f"{self.issuer}/token",
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "simulated": True,
        })  # fmt: skip

    async def _jwks(self, _: Request) -> Response:
        return JSONResponse(
            {"keys": [{**_public_jwk(self.key), "kid": key_id(self.key), "use": "sig", "alg": "RS256"}]}
        )

    async def _token(self, request: Request) -> Response:
        try:
            subject = read_subject(await request.body(), request.headers.get("content-type", ""))
        except InvalidInput as error:
            return JSONResponse({"error": "invalid_request", "error_description": str(error)}, status_code=400)
        answer = {"access_token": self.issue(subject), "token_type": "Bearer", "expires_in": LIFETIME_SECONDS}
        return JSONResponse({**answer, "simulated": True})


def key_id(key: rsa.RSAPrivateKey) -> str:
    """The key's RFC 7638 thumbprint."""
    jwk = _public_jwk(key)
    # required members only, sorted, without spaces
    members = json.dumps({name: jwk[name] for name in ("e", "kty", "n")}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(members.encode()).digest()).rstrip(b"=").decode()


def _public_jwk(key: rsa.RSAPrivateKey) -> dict[str, Any]:
    jwk: dict[str, Any] = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return jwk


def load_key(folder: Path) -> rsa.RSAPrivateKey:
    """The provider's key in ``folder``, made on first use and readable by its owner only."""
    path = folder / KEY_FILE
    if not path.exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
        folder.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        fresh.replace(path)
    try:
        loaded = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except ValueError as error:
        raise ConfigurationError(f"{path} holds no private key in PEM; delete it and a new one is made") from error
    if not isinstance(loaded, rsa.RSAPrivateKey):
        raise ConfigurationError(f"{path} holds no RSA key; delete it and a new one is made")
    return loaded


def read_subject(raw: bytes, content_type: str) -> Subject:
    """The subject in a token request, a form (roles repeated) or JSON. Raises InvalidInput."""
    fields: Any
    try:
        if content_type.startswith("application/json"):
            fields = json.loads(raw)
        else:
            form = parse_qs(raw.decode())
            fields = {name: values if name == "roles" else values[0] for name, values in form.items()}
    except ValueError as error:
        raise InvalidInput("token request", got=raw.decode(errors="replace"), expected="JSON or a form") from error
    if not isinstance(fields, dict):
        raise InvalidInput("token request", got=fields, expected="subject, name, roles and tenant")
    texts = {name: fields.get(name, "") for name in ("subject", "name", "tenant")}
    for name, value in texts.items():
        if not isinstance(value, str) or (name == "subject" and not value):
            raise InvalidInput(name, got=value, expected="a text")
    roles = fields.get("roles", [])
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise InvalidInput("roles", got=roles, expected="a list of role names")
    return Subject(texts["subject"], texts["name"] or texts["subject"], tuple(roles), texts["tenant"])
