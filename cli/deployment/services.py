"""The settings themselves, the identity provider, the model provider, the taxonomy, and the product's own health."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx

from cli.deployment.finding import KEY_VAULT_REFERENCE, Finding, Target, failed, not_applicable, ok, warning
from cli.deployment.network import CLAUDE, hubs_read
from shared.contracts.routing import LLMProvider
from shared.contracts.taxonomy import taxonomy_version, techniques
from shared.routing.models import TIERS
from shared.settings import variables as variables_of_settings

TIMEOUT_SECONDS = 10.0
COLD_SECONDS = 40.0  # an instance that this request starts has 30 s to initialise, and imports the API then
ANTHROPIC_VERSION = "2023-06-01"
# What the platform reads, not the product: one of each line.
PLATFORM = (
    ("AzureWebJobsStorage", "AzureWebJobsStorage__accountName", "AzureWebJobsStorage__blobServiceUri"),
    ("DURABLE_TASK_SCHEDULER_CONNECTION_STRING", "ALUSKORT_TASKHUB_URL"),
)
EVENT_HUBS = ("ALUSKORT_SENTINEL_EVENTHUB", "ALUSKORT_SENTINEL_EVENTHUB__fullyQualifiedNamespace")


def platform_settings(variables: Mapping[str, str]) -> list[Finding]:
    """Settings of the platform that are missing, and values that are still placeholders."""
    hubs = [(variable,) for variable in hubs_read(variables).values()]
    needed = [*PLATFORM, *([EVENT_HUBS, *hubs] if hubs else [])]
    found = [
        failed("Settings", f"{' or '.join(names)} is not set", "Set one of them.")
        for names in needed
        if not any(variables.get(name) for name in names)
    ]
    for name, value in variables.items():
        if value.startswith("<") and value.endswith(">"):
            found.append(failed("Settings", f"{name} is still {value!r}", "Put the real value in its place."))
        elif value.startswith(KEY_VAULT_REFERENCE):
            todo = "Nothing to do: the app's health route and the synthetic alert cover what depends on it."
            found.append(warning("Settings", f"{name} is a Key Vault reference, which only the app resolves", todo))
    count = len(variables_of_settings()) + len(needed)
    return found or [ok("Settings", f"all {count} that are needed are set and well formed")]


async def identity_provider(target: Target) -> AsyncIterator[Finding]:
    """It publishes keys, and is the issuer that tokens must name."""
    name, settings = "Identity provider", target.settings
    async with _client() as client:
        try:
            keys = (await _json(client, settings.oidc.jwks_url)).get("keys")
            document = await _json(client, f"{settings.oidc.issuer}/.well-known/openid-configuration")
        except (httpx.HTTPError, ValueError, AttributeError) as error:
            yield failed(
                name, repr(error), "Check ALUSKORT_OIDC_JWKS_URL, ALUSKORT_OIDC_ISSUER and the outbound network."
            )
            return
    if not keys:
        yield failed(name, "it publishes no keys", "Check ALUSKORT_OIDC_JWKS_URL.")
    elif document.get("issuer") != settings.oidc.issuer:
        found = f"it calls itself {document.get('issuer')!r}, ALUSKORT_OIDC_ISSUER is {settings.oidc.issuer!r}"
        yield failed(name, found, "Make them exactly the same, character for character; otherwise tokens are refused.")
    else:
        yield ok(name, f"{len(keys)} keys of {settings.oidc.issuer}")


async def model_provider(target: Target) -> AsyncIterator[Finding]:
    """The key is accepted and the models of every tier are offered; listing them costs nothing."""
    name, settings = "Model provider", target.settings
    if settings.model.provider is LLMProvider.FOUNDRY:
        yield not_applicable(name, "Foundry offers no list of models that is free to query")
        return
    key = settings.anthropic_api_key.get_secret_value()
    if key.startswith(KEY_VAULT_REFERENCE):
        yield not_applicable(name, "the key is in Key Vault, where only the app reads it")
        return
    headers = {"x-api-key": key, "anthropic-version": ANTHROPIC_VERSION}
    async with _client() as client:
        try:
            url = f"{settings.anthropic_base_url or CLAUDE}/v1/models"
            answer = await client.get(url, params={"limit": 1000}, headers=headers)
            if answer.status_code in {401, 403}:
                yield failed(name, f"the key is refused ({answer.status_code})", "Correct ANTHROPIC_API_KEY.")
                return
            offered = {model["id"] for model in answer.raise_for_status().json()["data"]}
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            yield failed(name, repr(error), "Check ANTHROPIC_BASE_URL and the outbound network.")
            return
    missing = sorted({row.model_id for row in TIERS.values()} - offered)
    if missing:
        yield failed(name, f"the key may not use {', '.join(missing)}", "Allow them in this key's workspace.")
    else:
        yield ok(name, f"{settings.model.provider}: the key is accepted, {len(offered)} models")


async def taxonomy(target: Target) -> AsyncIterator[Finding]:
    """The MITRE catalogues of this version."""
    yield ok("Taxonomy", f"{len(techniques())} techniques of {taxonomy_version()}")


async def api(target: Target) -> AsyncIterator[Finding]:
    """The product's own health route, if its address is known."""
    name, url = "API: health", target.variables.get("ALUSKORT_API_URL", "")
    if not url:
        yield not_applicable(name, "ALUSKORT_API_URL is not given; set it to the app's address to ask it")
        return
    async with _client() as client:
        try:
            answer = await client.get(f"{url}/api/health", timeout=COLD_SECONDS)
            down = [part for part, state in answer.json()["dependencies"].items() if state != "up"]
        except (httpx.HTTPError, ValueError, KeyError, AttributeError) as error:
            yield failed(name, repr(error), "See whether the function app runs, and its log.", mended=True)
            return
    if down:
        yield failed(
            name, f"the app cannot reach {', '.join(down)}", "See the app's log, which names the cause.", mended=True
        )
    else:
        yield ok(name, "the app reaches every service it needs")


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=True)


async def _json(client: httpx.AsyncClient, url: str) -> Any:
    return (await client.get(url)).raise_for_status().json()
