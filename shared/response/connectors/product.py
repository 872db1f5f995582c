"""One product's HTTP API: the process's token, one bounded request at a time, errors of our own. Nothing is retried
here: the executor owns the next attempt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx

from shared.errors import ConfigurationError, Retryable, StoreUnavailable, Terminal
from shared.stores.entra import EntraToken

REQUEST_SECONDS = 20.0
SAID = 300  # characters of a product's message that we repeat
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class ProductUnavailable(Retryable):
    """The product failed, throttled or timed out; ``retry_after`` is in seconds when it said so."""

    def __init__(self, product: str, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(f"{product} cannot be asked now: {reason}")
        self.retry_after = retry_after


class ProductRefused(Terminal):
    """The product will never do this; ``status`` and ``code`` are its own."""

    def __init__(self, product: str, what: str, *, status: int, code: str, advice: str = "") -> None:
        super().__init__(f"{product} refuses {what}: {status} {code}{f'. {advice}' if advice else ''}")
        self.status = status
        self.code = code


class Product:
    """Requests to one product. ``roles`` says, by the first word of a path, which application roles a request needs."""

    def __init__(self, name: str, base_url: str, scope: str, *, roles: Mapping[str, str], setting: str) -> None:
        address = urlsplit(base_url)
        local = address.scheme == "http" and address.hostname in LOOPBACK
        if address.scheme != "https" and not local:
            raise ConfigurationError(
                f"settings: {setting} is {base_url!r}, expected https://...: a token must not travel unencrypted."
            )
        self.name = name
        self._roles = roles
        # Plain http is for the simulated API of this machine, which gets no real token.
        self._token = None if local else EntraToken(scope)
        self._client = httpx.AsyncClient(base_url=base_url, timeout=REQUEST_SECONDS)

    async def get(
        self, path: str, query: Mapping[str, str] | None = None, *, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any] | None:
        """The JSON object at a path, None when there is none. Raises as Connector does."""
        try:
            return await self.send("GET", path, query=query, headers=headers)
        except ProductRefused as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """The JSON object of the answer, empty when it has none. Raises as Connector does."""
        request = self._client.build_request(method, path, json=body, params=query or None, headers=headers)
        try:
            request.headers["Authorization"] = f"Bearer {await self._token.get() if self._token else 'simulated'}"
            async with asyncio.timeout(REQUEST_SECONDS):  # httpx bounds each part of a request, not the whole
                answer = await self._client.send(request)
        except (httpx.HTTPError, TimeoutError) as error:
            raise ProductUnavailable(self.name, f"no answer to {method} {path}: {error!r}") from error
        except StoreUnavailable as error:
            raise ProductUnavailable(self.name, str(error)) from error
        if answer.is_success:
            return _object(self.name, answer)
        raise self._error(answer, method, path)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _error(self, answer: httpx.Response, method: str, path: str) -> ProductUnavailable | ProductRefused:
        code, message = _said(answer)
        if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS or answer.is_server_error:
            given = answer.headers.get("retry-after", "")
            wait = float(given) if given.isdecimal() else None
            return ProductUnavailable(self.name, f"{answer.status_code} {code} {message}", retry_after=wait)
        advice = message
        if answer.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            needed = next((roles for part, roles in self._roles.items() if part in f"{method} {path}"), "")
            advice = f"{message} This needs the application role {needed}. `aluskort preflight` names those that lack."
        return ProductRefused(
            self.name, f"{method} {path.partition('?')[0]}", status=answer.status_code, code=code, advice=advice
        )


def _object(product: str, answer: httpx.Response) -> dict[str, Any]:
    if not answer.content:
        return {}
    try:
        body = answer.json()
    except ValueError as error:
        raise ProductUnavailable(product, f"its answer is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise ProductUnavailable(product, f"its answer is a {type(body).__name__}, expected an object")
    return body


def _said(answer: httpx.Response) -> tuple[str, str]:
    """Code and message of an error, as all of these APIs word it."""
    try:
        error = answer.json()["error"]
        return str(error.get("code", ""))[:SAID], " ".join(str(error.get("message", "")).split())[:SAID]
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", " ".join(answer.text.split())[:SAID]
