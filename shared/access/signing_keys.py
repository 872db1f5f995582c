"""The identity provider's public keys: a JWKS (RFC 7517), cached; an unknown key id is worth one more look."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import httpx
from jwt import PyJWKSet
from jwt.exceptions import PyJWTError

from shared.errors import Retryable

CACHE_SECONDS = 3600  # spec/security-and-audit §7
REFETCH_PAUSE_SECONDS = 30  # forged key ids must not turn us into a load on the provider
TIMEOUT_SECONDS = 5.0


class SigningKeysUnavailable(Retryable):
    """The provider's keys cannot be fetched: nobody can be let in until they can."""

    code = "JWKS_FETCH_FAILED"


class SigningKeys:
    """Keys by id. ``clock`` gives monotonic seconds."""

    def __init__(self, jwks_url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = jwks_url
        self._clock = clock
        self._keys: dict[str, object] = {}
        self._fetched_at: float | None = None
        self._fetching = asyncio.Lock()

    async def find(self, key_id: str) -> object | None:
        """The public key of that id, or None. Raises SigningKeysUnavailable."""
        async with self._fetching:
            patience = CACHE_SECONDS if key_id in self._keys else REFETCH_PAUSE_SECONDS
            if self._age() >= patience:
                await self._fetch()
            return self._keys.get(key_id)

    def _age(self) -> float:
        return float("inf") if self._fetched_at is None else self._clock() - self._fetched_at

    async def _fetch(self) -> None:
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
                answer = await client.get(self._url)
                answer.raise_for_status()
            found = PyJWKSet.from_dict(answer.json())
        except (httpx.HTTPError, httpx.InvalidURL, PyJWTError, ValueError, AttributeError) as error:
            raise SigningKeysUnavailable(f"The signing keys at {self._url} cannot be fetched: {error!r}") from error
        self._keys = {key.key_id: key.key for key in found.keys if key.key_id and key.key_type == "RSA"}
        self._fetched_at = self._clock()
