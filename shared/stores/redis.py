"""Redis: a fast copy of what PostgreSQL knows. Callers use PostgreSQL when it is unavailable (data-model §6.3).

A rediss:// URL without a password logs in with an Entra token, fetched anew for each connection: Azure ends a
connection whose token has expired, and the client connects again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import redis.asyncio as redis
from redis.asyncio.connection import parse_url
from redis.credentials import CredentialProvider
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from shared.errors import StoreUnavailable
from shared.stores import entra
from shared.stores.entra import EntraToken, object_id

TIMEOUT_SECONDS = 2.0


class _TokenLogin(CredentialProvider):
    """Logs in as the identity that the token is about."""

    def __init__(self) -> None:
        self._token = EntraToken(entra.REDIS)

    async def get_credentials_async(self) -> tuple[str, str]:
        token = await self._token.get()
        return object_id(token), token


class Redis:
    """Get and set byte values under keys that carry their tenant."""

    def __init__(self, url: str) -> None:
        tokens = url.startswith("rediss://") and not parse_url(url).get("password")
        self._client = redis.Redis.from_url(
            url,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            credential_provider=_TokenLogin() if tokens else None,
        )

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Values in the order of the keys, None where there is none. Raises StoreUnavailable."""
        try:
            values = await self._client.mget(keys) if keys else []
        except (RedisError, OSError) as error:
            raise StoreUnavailable("Redis", error) from error
        return [value if isinstance(value, bytes) else None for value in values]

    async def set(self, key: str, value: bytes, *, ttl_seconds: int) -> None:
        """Store a value that expires. Raises StoreUnavailable."""
        try:
            await self._client.set(key, value, ex=ttl_seconds)
        except (RedisError, OSError) as error:
            raise StoreUnavailable("Redis", error) from error

    async def delete(self, key: str) -> None:
        """Forget a value. Raises StoreUnavailable."""
        try:
            await self._client.delete(key)
        except (RedisError, OSError) as error:
            raise StoreUnavailable("Redis", error) from error

    async def health(self) -> dict[str, Any]:
        """Server version; raises StoreUnavailable."""
        try:
            info = await self._client.info("server")
        except (RedisError, RedisConnectionError, OSError) as error:
            raise StoreUnavailable("Redis", error) from error
        return {"version": info["redis_version"]}

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()
