"""Services that the user's environment already gives by URL, which then need not be started here."""

from __future__ import annotations

from collections.abc import Mapping

from local.services.process import ServiceFailed

# service -> the variables that replace it; all of them or none
REPLACEMENTS: Mapping[str, tuple[str, ...]] = {
    "postgres": ("ALUSKORT_POSTGRES_URL", "ALUSKORT_POSTGRES_OWNER_URL", "ALUSKORT_TASKHUB_URL"),
    "redis": ("ALUSKORT_REDIS_URL",),
    "kafka": ("ALUSKORT_KAFKA_BROKERS",),
    "azurite": ("ALUSKORT_BLOB_CONNECTION_STRING",),
    "eventhubs": ("ALUSKORT_SENTINEL_EVENTHUB",),
    "qdrant": ("ALUSKORT_QDRANT_URL",),
}
IDENTITY = ("ALUSKORT_OIDC_ISSUER", "ALUSKORT_OIDC_AUDIENCE", "ALUSKORT_OIDC_JWKS_URL")


def has_claude(environment: Mapping[str, str]) -> bool:
    """Say whether ``environment`` gives the real Claude: a key, and no wish to have it simulated all the same."""
    return bool(environment.get("ANTHROPIC_API_KEY")) and environment.get("ALUSKORT_MODEL_PROVIDER") != "simulated"


def replaced(environment: Mapping[str, str]) -> frozenset[str]:
    """Return the names of the services that ``environment`` replaces.

    :raises ServiceFailed: a service is replaced by half; the message names the variables that are missing.
    """
    whole = {service for service, variables in REPLACEMENTS.items() if _all_given(environment, service, variables)}
    polls = environment.get("ALUSKORT_WORKSPACES") and not environment.get("ALUSKORT_LOG_ANALYTICS_ENDPOINT")
    if _all_given(environment, "identity provider", IDENTITY) and has_claude(environment) and not polls:
        whole.add("simulators")  # one process for all three, so it goes only when none is needed
    return frozenset(whole)


def _all_given(environment: Mapping[str, str], service: str, variables: tuple[str, ...]) -> bool:
    missing = [variable for variable in variables if not environment.get(variable)]
    if missing and len(missing) < len(variables):
        present = ", ".join(variable for variable in variables if variable not in missing)
        raise ServiceFailed(f"{present} replaces the local {service} only together with {', '.join(missing)}")
    return not missing
