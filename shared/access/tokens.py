"""Checks OIDC access tokens: JWT (RFC 7519) signed with RS256 (RFC 7518); issuer, audience and expiry are mandatory.

The token's tenant is the authority: the caller must refuse any other tenant that a request names.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import jwt
from jwt import exceptions

from shared.access.identity import Identity, Role
from shared.access.signing_keys import SigningKeys
from shared.contracts.tenant import EVERY_TENANT
from shared.errors import Terminal

ALGORITHM = "RS256"
LEEWAY_SECONDS = 30  # clocks of provider and host differ
REQUIRED = ("exp", "iss", "aud", "sub", "tenant_id")
NAME_LIMIT = 128
# Claims that equal `sub` only when no person signed in: the client's id (RFC 9068, section 2.2), and Entra's object id,
# which differs from a person's `sub`.
SERVICE_SUBJECTS = ("client_id", "azp", "appid", "oid")


class TokenError(StrEnum):
    """Why a token was refused (spec/security-and-audit §7)."""

    MALFORMED = "TOKEN_MALFORMED"
    EXPIRED = "TOKEN_EXPIRED"
    INVALID_SIGNATURE = "TOKEN_INVALID_SIGNATURE"
    INVALID_AUDIENCE = "TOKEN_INVALID_AUDIENCE"
    INVALID_ISSUER = "TOKEN_INVALID_ISSUER"


class TokenRejected(Terminal):
    """The caller is not known: ``code`` says what is wrong with the token."""

    def __init__(self, code: TokenError, reason: str) -> None:
        super().__init__(reason)
        self.code = code


_CODES: dict[type[Exception], TokenError] = {
    exceptions.ExpiredSignatureError: TokenError.EXPIRED,
    exceptions.InvalidSignatureError: TokenError.INVALID_SIGNATURE,
    exceptions.InvalidAudienceError: TokenError.INVALID_AUDIENCE,
    exceptions.InvalidIssuerError: TokenError.INVALID_ISSUER,
}
_MISSING = {"aud": TokenError.INVALID_AUDIENCE, "iss": TokenError.INVALID_ISSUER}


class TokenVerifier:
    """Turns a bearer token into an Identity."""

    def __init__(self, keys: SigningKeys, *, issuer: str, audience: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience

    async def verify(self, token: str) -> Identity:
        """Whoever is behind the token. Raises TokenRejected, SigningKeysUnavailable."""
        try:
            header = jwt.get_unverified_header(token)
        except exceptions.PyJWTError as error:
            raise TokenRejected(TokenError.MALFORMED, "The bearer token is no JWT.") from error
        if header.get("alg") != ALGORITHM:
            raise TokenRejected(TokenError.INVALID_SIGNATURE, f"The token must be signed with {ALGORITHM}.")
        key_id = header.get("kid")
        key = await self._keys.find(key_id) if isinstance(key_id, str) else None
        if key is None:
            raise TokenRejected(TokenError.INVALID_SIGNATURE, "The token's key is none of the identity provider's.")
        return _identity(self._claims(token, key))

    def _claims(self, token: str, key: Any) -> dict[str, Any]:
        try:
            return jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options={"require": list(REQUIRED)},
            )
        except exceptions.MissingRequiredClaimError as error:
            raise TokenRejected(_MISSING.get(error.claim, TokenError.MALFORMED), f"The token: {error}.") from error
        except exceptions.PyJWTError as error:
            raise TokenRejected(_CODES.get(type(error), TokenError.MALFORMED), f"The token: {error}.") from error


def _identity(claims: dict[str, Any]) -> Identity:
    """Roles that we do not know are ignored: they grant nothing. No role is ever assumed."""
    tenant_id, subject, roles = claims["tenant_id"], claims["sub"], claims.get("roles", [])
    if not _is_name(tenant_id) or tenant_id == EVERY_TENANT:
        raise TokenRejected(TokenError.MALFORMED, "The token's claim tenant_id must name one tenant.")
    if not _is_name(subject):
        raise TokenRejected(TokenError.MALFORMED, "The token's claim sub must name one person.")
    if not isinstance(roles, list):
        raise TokenRejected(TokenError.MALFORMED, "The token's claim roles must be a list.")
    known = frozenset(Role(role) for role in roles if isinstance(role, str) and role in Role)
    return Identity(
        subject=subject,
        name=str(claims.get("name") or subject),
        roles=known,
        tenant_id=tenant_id,
        is_service=_is_of_a_service(claims),
    )


def _is_of_a_service(claims: dict[str, Any]) -> bool:
    """Whether an application got the token for itself, by whichever sign the provider gives."""
    marked = claims.get("idtyp") == "app" or claims.get("gty") == "client-credentials"
    return marked or any(claims["sub"] == claims.get(name) for name in SERVICE_SUBJECTS)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= NAME_LIMIT and value.isprintable()
