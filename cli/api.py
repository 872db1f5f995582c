"""The product's HTTP API as a person at the command line uses it: the local stack's, or a deployment's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from cli.stack import local_stack
from shared.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from local.demo.api import Person

OPERATOR = "operator"
HOME = "5c1e6f0a-8d3b-4f57-9a42-7be0d1c9a311"  # the tenant of local/samples

Tenant = Annotated[str, typer.Option("--tenant", help="Whose; only for the local stack, elsewhere the token says it.")]


def as_operator[T](ask: Callable[[Person], Awaitable[T]], tenant: str, *, name: str = OPERATOR) -> T:
    """What ``ask`` gets from the API, signed in.

    ALUSKORT_API_URL and ALUSKORT_API_TOKEN name a deployment and who asks; without them it is the local stack, whose
    simulated identity provider takes anybody for an administrator called ``name``. Raises ApiRefused,
    ConfigurationError.
    """
    import asyncio

    import httpx

    from local.demo.api import TIMEOUT_SECONDS, Person, sign_in

    url, token = deployment()
    if token and name != OPERATOR:
        raise ConfigurationError("--as is for the local stack; elsewhere ALUSKORT_API_TOKEN says who you are.")
    stack = local_stack(os.environ)

    async def asked() -> T:
        async with httpx.AsyncClient(base_url=url or stack.host().url(), timeout=TIMEOUT_SECONDS) as client:
            try:
                if token:
                    return await ask(Person(client, token))
                issuer = stack.environment()["ALUSKORT_OIDC_ISSUER"]
                return await ask(await sign_in(client, issuer, name=name, roles=["admin"], tenant=tenant))
            except httpx.TransportError as error:
                start = "Is it up?" if url else "`aluskort up` starts the local stack, `aluskort status` looks at it."
                raise ConfigurationError(
                    f"The API at {client.base_url} gives no answer: {str(error).rstrip('.')}. {start}"
                ) from error

    return asyncio.run(asked())


def deployment() -> tuple[str, str]:
    """The URL and the token of a deployment's API; both empty for the local stack. Raises ConfigurationError."""
    url, token = os.environ.get("ALUSKORT_API_URL", ""), os.environ.get("ALUSKORT_API_TOKEN", "")
    if bool(url) != bool(token):
        raise ConfigurationError("Set both ALUSKORT_API_URL and ALUSKORT_API_TOKEN, or none for the local stack.")
    return url, token
