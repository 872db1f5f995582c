"""Whether every endpoint can be reached: its name resolves, its port answers, its certificate is valid."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from psycopg.conninfo import conninfo_to_dict

from cli.deployment.finding import Finding, Target, failed, ok
from shared.settings import KafkaSecurity

THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})
CONNECT_SECONDS = 5.0
AMQPS = 5671
CLAUDE = "https://api.anthropic.com"
HUBS = {"Event Hubs: Sentinel's hub": "ALUSKORT_SENTINEL_HUB", "Event Hubs: other SIEMs' hub": "ALUSKORT_SIEM_HUB"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a service listens, and whether it speaks TLS from the first byte."""

    service: str
    host: str
    port: int
    tls: bool = False


async def network(target: Target) -> AsyncIterator[Finding]:
    """One finding per endpoint."""
    for endpoint in endpoints(target):
        yield await _reach(endpoint)


def line(service: str) -> str:
    """The name of the finding about a service's endpoint."""
    return f"Network: {service}"


def endpoints(target: Target) -> Iterator[Endpoint]:
    """Every endpoint that the deployment's settings name."""
    settings = target.settings
    postgres = conninfo_to_dict(settings.postgres.url.get_secret_value())
    yield Endpoint("PostgreSQL", str(postgres.get("host", "localhost")), int(str(postgres.get("port") or 5432)))
    yield _of_url("Redis", settings.redis.url.get_secret_value(), 6379)
    for broker in settings.kafka.brokers.split(","):
        host, _, port = broker.strip().rpartition(":")
        yield Endpoint("Kafka", host, int(port), settings.kafka.security is KafkaSecurity.ENTRA)
    if (hub := event_hubs_address(target)) is not None:
        yield hub
    blob = settings.blob.account_url or _part(_secret(settings.blob.connection_string), "BlobEndpoint")
    if blob:
        yield _of_url("Blob storage", blob, 443)
    if settings.qdrant.url:
        yield _of_url("Qdrant", settings.qdrant.url, 6333)
    yield _of_url("Identity provider", settings.oidc.jwks_url, 443)
    yield _of_url("Model provider", settings.anthropic_base_url or CLAUDE, 443)


def event_hubs_address(target: Target) -> Endpoint | None:
    """The namespace that the Event Hubs trigger reads; None when neither form of its connection is set."""
    name = "ALUSKORT_SENTINEL_EVENTHUB"
    connection = target.variables.get(name, "")
    if connection:
        url = urlsplit(_part(connection, "Endpoint"))
        local = _part(connection, "UseDevelopmentEmulator").lower() == "true"
        return Endpoint("Event Hubs", url.hostname or "", url.port or AMQPS, not local)
    namespace = target.variables.get(f"{name}__fullyQualifiedNamespace", "")
    return Endpoint("Event Hubs", namespace, AMQPS, tls=True) if namespace else None


def hubs_read(variables: Mapping[str, str]) -> dict[str, str]:
    """The hubs that triggers read, by the finding about each: in poll mode those that are named, else both."""
    polls = variables.get("ALUSKORT_SENTINEL_MODE") == "poll"
    return {name: variable for name, variable in HUBS.items() if variables.get(variable) or not polls}


def _part(connection: str, key: str) -> str:
    """One value of a connection string, "" when it is not in it."""
    pairs = (part.partition("=") for part in connection.split(";"))
    return next((value for name, _, value in pairs if name.strip().lower() == key.lower()), "")


def _secret(value: object) -> str:
    return value.get_secret_value() if hasattr(value, "get_secret_value") else ""


def _of_url(service: str, url: str, default: int) -> Endpoint:
    parts = urlsplit(url)
    tls = parts.scheme in {"https", "rediss"}
    return Endpoint(service, parts.hostname or "", parts.port or (443 if tls and default == 443 else default), tls)


async def _reach(endpoint: Endpoint) -> Finding:
    name, place = line(endpoint.service), f"{endpoint.host}:{endpoint.port}"
    try:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_SECONDS):
            found = await loop.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
            addresses = sorted({str(entry[4][0]) for entry in found})
            context = ssl.create_default_context() if endpoint.tls else None
            _, writer = await asyncio.open_connection(endpoint.host, endpoint.port, ssl=context)
        writer.close()
        with contextlib.suppress(OSError):  # the connection was only a question
            await writer.wait_closed()
    except socket.gaierror as error:
        return failed(
            name, f"{endpoint.host} has no address: {error.strerror}", "Link the private DNS zone, or correct the name."
        )
    except ssl.SSLCertVerificationError as error:
        return failed(
            name,
            f"{place}: {error.verify_message}",
            "Something in between replaces the certificate; let the endpoint's own through.",
        )
    except (OSError, TimeoutError) as error:
        return failed(
            name,
            f"{place} does not answer: {error or 'timed out'}",
            "`aluskort up` starts the local stack; else start what listens there."
            if endpoint.host in THIS_MACHINE
            else "Open the firewall, NSG or private endpoint for this address.",
        )
    return ok(name, f"{place} answers{' with TLS' if endpoint.tls else ''} ({', '.join(addresses[:2])})")
