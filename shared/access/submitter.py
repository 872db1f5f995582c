"""Who sends alerts by HTTP: a person signs in for it beside the key of the function, a machine does not."""

from __future__ import annotations

from shared.access.tokens import TokenError, TokenRejected, TokenVerifier
from shared.errors import AccessDenied


async def submitter_of(tokens: TokenVerifier, authorization: str, tenant_id: str) -> str:
    """The subject behind the header for alerts of this tenant.

    Raises TokenRejected, SigningKeysUnavailable; AccessDenied for a token of another tenant.
    """
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise TokenRejected(TokenError.MALFORMED, "The header Authorization carries no bearer token.")
    identity = await tokens.verify(token.strip())
    if identity.tenant_id != tenant_id:
        raise AccessDenied("Your token is for another tenant than the source's alerts.")
    return identity.subject
