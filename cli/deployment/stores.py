"""The stores as the product uses them: it can log in, and they hold what it needs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import psycopg
from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.identity.aio import DefaultAzureCredential
from azure.storage.blob.aio import BlobServiceClient
from psycopg.rows import dict_row

from cli.deployment.finding import Finding, Target, failed, not_applicable, ok, warning
from shared.errors import AluskortError
from shared.knowledge.incidents import COLLECTION
from shared.stores.migrations import missing
from shared.stores.postgres import CONNECT_TIMEOUT_SECONDS, Connection, Login
from shared.stores.redis import Redis

OLDEST_POSTGRESQL = 16  # memberships that may be set and are not inherited
SKEW_SECONDS, SKEW_LIMIT_SECONDS = (
    2.0,
    60.0,
)  # tokens and approvals tolerate some, tokens no more than the second
ROLE = """
SELECT current_setting('server_version_num')::int / 10000 AS version, current_user AS login, rolsuper, rolbypassrls,
    pg_has_role(current_user, 'aluskort_app', 'USAGE') AS app,
    pg_has_role(current_user, 'aluskort_audit', 'SET') AS audit, clock_timestamp() AS now
FROM pg_roles WHERE rolname = current_user
"""
UNGUARDED = """
SELECT string_agg(c.relname, ', ') AS names, count(*) AS tables FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND NOT c.relrowsecurity
"""


async def postgresql(target: Target) -> AsyncIterator[Finding]:
    """Version, role, clock and row level security, on a connection of its own: the pool would hide why one fails."""
    url = target.settings.postgres.url.get_secret_value()
    try:
        arguments = {"connect_timeout": CONNECT_TIMEOUT_SECONDS, **await Login(url).arguments()}
        connection = await Connection.connect(url, row_factory=dict_row, **arguments)
    except (AluskortError, psycopg.OperationalError) as error:
        todo = "Check the URL; an identity needs a login (aluskort migrate --entra-principals)."
        yield failed("PostgreSQL: login", error, todo, mended=True)
        return
    async with connection:
        async for finding in _inside(connection):
            yield finding


async def _inside(connection: Connection) -> AsyncIterator[Finding]:
    if await (await connection.execute("SELECT FROM pg_roles WHERE rolname = 'aluskort_audit'")).fetchone() is None:
        yield failed("PostgreSQL: roles", "the product's roles are not there", "Run `aluskort migrate`.", mended=True)
        return
    row = await (await connection.execute(ROLE)).fetchone()
    assert row is not None
    version, login = row["version"], row["login"]
    if version < OLDEST_POSTGRESQL:
        yield failed("PostgreSQL: version", str(version), f"The roles need {OLDEST_POSTGRESQL} or newer.")
    else:
        yield ok("PostgreSQL: version", f"{version}; no extension is needed")
    if row["rolsuper"] or row["rolbypassrls"]:
        yield failed("PostgreSQL: roles", f"{login} bypasses row level security", "Log in as a member of aluskort_app.")
    elif not (row["app"] and row["audit"]):
        todo = "Run `aluskort migrate --entra-principals`."
        yield failed("PostgreSQL: roles", f"{login} is not a member of aluskort_app", todo, mended=True)
    else:
        yield ok("PostgreSQL: roles", f"{login} acts as aluskort_app and may append as aluskort_audit")
    yield _clock((datetime.now(UTC) - row["now"]).total_seconds())
    bare = await (await connection.execute(UNGUARDED)).fetchone()
    if bare and bare["tables"]:
        found = f"off for {bare['names']}"
        yield failed("PostgreSQL: row level security", found, "Run `aluskort migrate`.", mended=True)
    else:
        yield ok("PostgreSQL: row level security", "on for every table with a tenant")


def _clock(skew: float) -> Finding:
    name, found = "PostgreSQL: clock", f"{abs(skew):.1f} s {'behind' if skew > 0 else 'ahead of'} this machine's"
    if abs(skew) > SKEW_LIMIT_SECONDS:
        return failed(name, found, "Set this machine's clock by NTP: tokens and expiry times depend on it.")
    return warning(name, found, "Set this machine's clock by NTP.") if abs(skew) > SKEW_SECONDS else ok(name, found)


async def schema(target: Target) -> AsyncIterator[Finding]:
    """Whether every migration of this checkout is applied; only the owner sees that."""
    url = target.variables.get("ALUSKORT_POSTGRES_OWNER_URL", "")
    if not url:
        yield not_applicable(
            "PostgreSQL: schema", "ALUSKORT_POSTGRES_OWNER_URL is not set; `aluskort migrate --check` shows it"
        )
        return
    try:
        names = await asyncio.to_thread(missing, url)
    except AluskortError as error:
        yield failed("PostgreSQL: schema", error, "Check the owner's URL.")
        return
    if names:
        found = f"{len(names)} migrations are missing, from {names[0]} on"
        yield failed("PostgreSQL: schema", found, "Run `aluskort migrate`.", mended=True)
    else:
        yield ok("PostgreSQL: schema", "every migration of this version is applied")


async def redis(target: Target) -> AsyncIterator[Finding]:
    """The login works."""
    store = Redis(target.settings.redis.url.get_secret_value())
    started = time.perf_counter()
    try:
        version = (await store.health())["version"]
        yield ok("Redis: login", f"version {version}, {1000 * (time.perf_counter() - started):.0f} ms")
    except AluskortError as error:
        yield failed("Redis: login", error, "Check the URL; the identity needs an access policy assignment.")
    finally:
        await store.close()


async def blob(target: Target) -> AsyncIterator[Finding]:
    """The login works, and nobody can delete evidence."""
    settings, container = target.settings, target.settings.evidence_container
    connection = settings.blob.connection_string
    secret = connection.get_secret_value() if connection else ""
    if not secret and not settings.blob.account_url:
        yield failed("Blob storage: login", "no account", "Set ALUSKORT_BLOB_ACCOUNT_URL.")
        return
    client = (
        BlobServiceClient.from_connection_string(secret, retry_total=0)
        if secret
        else BlobServiceClient(settings.blob.account_url, credential=DefaultAzureCredential(), retry_total=0)
    )
    async with client:
        try:
            found = await client.get_container_client(container).get_container_properties()
        except ResourceNotFoundError:
            yield warning(
                "Blob storage: evidence",
                f"no container {container}",
                "The first evidence would create it without a policy: create it with Terraform.",
            )
        except AzureError as error:
            yield failed(
                "Blob storage: login",
                error.message,
                "Give the identity Storage Blob Data Contributor, or correct the key.",
            )
        else:
            if found.has_immutability_policy:
                yield ok("Blob storage: evidence", f"{container} is immutable")
            else:
                yield warning(
                    "Blob storage: evidence",
                    f"{container} has no immutability policy",
                    "Let Terraform set one; Azurite has none.",
                )


async def qdrant(target: Target) -> AsyncIterator[Finding]:
    """The server answers, and its collection has the vectors that we write."""
    if not target.settings.qdrant.url:
        yield failed("Qdrant", "no server is named", "Set ALUSKORT_QDRANT_URL.")
        return
    from qdrant_client import AsyncQdrantClient
    from qdrant_client.http.exceptions import ApiException

    from shared.stores.qdrant import VECTOR

    key = target.settings.qdrant.api_key
    client = AsyncQdrantClient(
        url=target.settings.qdrant.url, api_key=key.get_secret_value() if key else None, check_compatibility=False
    )
    try:
        if not await client.collection_exists(COLLECTION):
            yield ok("Qdrant", f"answers; {COLLECTION} is created with the first incident")
            return
        vectors = (await client.get_collection(COLLECTION)).config.params.sparse_vectors or {}
    except (ApiException, OSError) as error:
        yield failed("Qdrant", error, "Check ALUSKORT_QDRANT_URL and ALUSKORT_QDRANT_API_KEY.")
    else:
        if VECTOR in vectors:
            yield ok("Qdrant", f"{COLLECTION} has the sparse vector {VECTOR!r}")
        else:
            yield failed(
                "Qdrant",
                f"{COLLECTION} has no sparse vector {VECTOR!r}",
                "Delete the collection; PostgreSQL still has its incidents.",
            )
    finally:
        await client.close()
