"""The product's HTTP API as a person of the SOC uses it, with a token of the simulated identity provider."""

from __future__ import annotations

from typing import Any

import httpx

from shared.errors import AluskortError

TIMEOUT_SECONDS = 30


class ApiRefused(AluskortError):
    """The API answered with an error; the message is its own, ``status`` is HTTP's."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class Person:
    """Somebody signed in to one tenant."""

    def __init__(self, client: httpx.AsyncClient, token: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"}

    async def get(self, path: str, **query: Any) -> Any:
        """The JSON at ``/api/v1`` + ``path``. Raises ApiRefused."""
        answer = await self._client.get(f"/api/v1{path}", params=query, headers=self._headers)
        return _body(answer)

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        """Send JSON to ``/api/v1`` + ``path``. Raises ApiRefused."""
        answer = await self._client.post(f"/api/v1{path}", json=body, headers=self._headers)
        return _body(answer)

    async def investigations(self) -> list[dict[str, Any]]:
        """Every investigation of the tenant."""
        found: list[dict[str, Any]] = []
        query: dict[str, Any] = {"limit": 100}
        while True:
            page = await self.get("/investigations", **query)
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            query["cursor"] = page["next_cursor"]


async def sign_in(client: httpx.AsyncClient, issuer: str, *, name: str, roles: list[str], tenant: str) -> Person:
    """A token of the simulated identity provider, as a browser would get one after a sign-in."""
    body = {"subject": name, "name": name, "roles": roles, "tenant": tenant}
    answer = await client.post(f"{issuer}/token", json=body)
    return Person(client, _body(answer)["access_token"])


def _sentence(answer: httpx.Response) -> str:
    """What went wrong and what to do, as the API says it; else its bare answer."""
    asked = f"{answer.request.method} {answer.request.url.path}"
    try:
        error = answer.json()["error"]
        return f"{error['message'].rstrip('.')}. {error['hint']} ({answer.status_code} {error['code']}, {asked})"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"{asked} answered {answer.status_code}: {answer.text[:500]}"


def _body(answer: httpx.Response) -> Any:
    if answer.is_error:
        raise ApiRefused(_sentence(answer), status=answer.status_code)
    return answer.json() if answer.content else None
