"""``aluskort token`` and ``aluskort env``: ways into the local stack."""

from __future__ import annotations

import os
import shlex
from typing import Annotated

import typer

from cli.api import HOME, OPERATOR
from cli.screen import AsJson, console, say, say_json
from cli.stack import local_stack
from shared.access.identity import Role
from shared.errors import ConfigurationError


def token(
    role: Annotated[list[Role] | None, typer.Option("--role", help="Repeatable; senior_analyst when left out.")] = None,
    tenant: Annotated[str, typer.Option("--tenant", help="The tenant that the token is for.")] = HOME,
    name: Annotated[str, typer.Option("--name", help="Who it names.")] = OPERATOR,
    as_json: AsJson = False,
) -> None:
    """Print an access token of the simulated identity provider, good for an hour; for the local stack only."""
    import httpx

    given = [one for one in ("ALUSKORT_API_URL", "ALUSKORT_OIDC_ISSUER") if os.environ.get(one)]
    if given:
        raise ConfigurationError(
            f"{' and '.join(given)} name another product or identity provider: sign in there. "
            "Tokens from here are for the local stack, whose identity provider is simulated."
        )
    issuer = local_stack(os.environ).environment()["ALUSKORT_OIDC_ISSUER"]
    body = {"subject": name, "name": name, "roles": role or [Role.SENIOR_ANALYST], "tenant": tenant}
    try:
        answer = httpx.post(f"{issuer}/token", json=body, timeout=10, trust_env=False).raise_for_status()
    except httpx.HTTPError as error:
        raise ConfigurationError(
            f"The simulated identity provider at {issuer} gives no answer: {error}. `aluskort up` starts it."
        ) from error
    found = answer.json()
    say(found["access_token"], found, as_json=as_json)


def env(as_json: AsJson = False) -> None:
    """Show URLs, and how to reach each store of the local stack."""
    stack = local_stack(os.environ)
    variables = stack.environment()
    url = stack.host().url()
    if as_json:
        say_json({"ALUSKORT_API_URL": url, **variables})
        return
    from rich.table import Table
    from rich.text import Text

    brokers = variables["ALUSKORT_KAFKA_BROKERS"]
    rows = {
        "product": url,
        "health": f"curl -s {url}/api/health",
        "API": f'curl -s -H "Authorization: Bearer $(aluskort token)" {url}/api/v1/investigations',
        "metrics": f'curl -s -H "Authorization: Bearer $(aluskort token --role metrics_reader)" {url}/api/metrics',
        "PostgreSQL": f"psql {shlex.quote(variables['ALUSKORT_POSTGRES_OWNER_URL'])}",
        "durable history": f"psql {shlex.quote(variables['ALUSKORT_TASKHUB_URL'])}",
        "Redis": f"redis-cli -u {shlex.quote(variables['ALUSKORT_REDIS_URL'])}",
        "Kafka": f"{brokers} (kcat -b {brokers} -L); dead letters: aluskort dlq list",
        "Blob storage": variables["ALUSKORT_BLOB_CONNECTION_STRING"],
        "Event Hubs": f"{variables['ALUSKORT_SENTINEL_EVENTHUB']} ({variables['ALUSKORT_SENTINEL_HUB']})",
        "Qdrant": variables["ALUSKORT_QDRANT_URL"],
        "identity": f"{variables['ALUSKORT_OIDC_ISSUER']}/.well-known/openid-configuration",
        "model": f"{variables['ALUSKORT_MODEL_PROVIDER']} {variables.get('ANTHROPIC_BASE_URL', '')}",
        "data, logs": str(stack.site.folder),
    }
    table = Table("what", "how to reach it", box=None, header_style="bold")
    for name, how in rows.items():
        table.add_row(name, Text(how, overflow="fold"))
    console().print(table)
    console().print(
        "For this machine only: the connection strings hold passwords. Next: `aluskort status`.", style="dim"
    )
