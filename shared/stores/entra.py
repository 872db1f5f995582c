"""Entra access tokens of this process's own identity, which Azure's servers take where others take a password.

In Azure that is the managed identity (AZURE_CLIENT_ID chooses one of several), elsewhere whoever is signed in.
"""

from __future__ import annotations

import asyncio
import time

import jwt
from azure.core.credentials import AccessToken
from azure.core.exceptions import AzureError
from azure.identity.aio import DefaultAzureCredential

from shared.errors import StoreUnavailable

POSTGRESQL = "https://ossrdbms-aad.database.windows.net/.default"
REDIS = "https://redis.azure.com/.default"
MARGIN_SECONDS = 120  # a token that is handed out must outlive the login that it is for
TIMEOUT_SECONDS = 10.0  # azure-identity alone would wait minutes for an endpoint that does not answer


class EntraToken:
    """The token for one scope, kept until shortly before it expires."""

    def __init__(self, scope: str) -> None:
        self._scope = scope
        self._kept: AccessToken | None = None

    async def get(self) -> str:
        """A token that is valid now. Raises StoreUnavailable."""
        if self._kept is None or self._kept.expires_on < time.time() + MARGIN_SECONDS:
            self._kept = await self._fetch()
        return self._kept.token

    async def _fetch(self) -> AccessToken:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS), DefaultAzureCredential() as credential:
                return await credential.get_token(self._scope)
        except AzureError as error:
            raise StoreUnavailable("Entra ID", error.message) from error
        except TimeoutError as error:
            raise StoreUnavailable("Entra ID", f"no token for {self._scope} in {TIMEOUT_SECONDS:g} s") from error


def object_id(token: str) -> str:
    """Whom a token is about; its signature is checked by the server that takes it. Raises StoreUnavailable."""
    try:
        return str(jwt.decode(token, options={"verify_signature": False})["oid"])
    except (jwt.InvalidTokenError, KeyError) as error:
        raise StoreUnavailable("Entra ID", f"a token without an object id: {error!r}") from error
