"""Logins with Entra tokens: PostgreSQL and Redis take the simulated managed identity's tokens as passwords."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import psycopg
import pytest
import redis
from psycopg import sql

from local.services.postgres import Postgres as PostgresServer
from local.services.simulators import Simulators
from local.simulators.managed_identity import OBJECT_ID
from shared.contracts.tenant import EVERY_TENANT
from shared.errors import StoreUnavailable
from shared.stores import entra
from shared.stores.entra import EntraToken, object_id
from shared.stores.migrations import missing
from shared.stores.postgres import Login, Postgres
from shared.stores.redis import Redis
from tests.integration.certificates import certificate

ROLE = "managed_identity"


@pytest.fixture
def managed_identity(simulators: Simulators, monkeypatch: pytest.MonkeyPatch) -> Simulators:
    """This process has a managed identity, as in Azure."""
    for name, value in simulators.managed_identity().items():
        monkeypatch.setenv(name, value)
    renew(simulators, lifetime_seconds=3600)
    return simulators


def renew(simulators: Simulators, *, lifetime_seconds: int) -> None:
    """Every token from here on is another one."""
    url = simulators.claude_url().replace("/claude", "/control/managed-identity")
    httpx.put(url, json={"lifetime_seconds": lifetime_seconds}).raise_for_status()


async def test_token_is_kept_until_shortly_before_it_expires(managed_identity: Simulators) -> None:
    token = EntraToken(entra.POSTGRESQL)
    first = await token.get()
    renew(managed_identity, lifetime_seconds=entra.MARGIN_SECONDS - 1)
    assert await token.get() == first
    short = EntraToken(entra.POSTGRESQL)
    second = await short.get()
    renew(managed_identity, lifetime_seconds=3600)
    assert second != await short.get()
    assert object_id(second) == OBJECT_ID


async def test_no_identity_is_store_unavailable_and_says_why(
    managed_identity: Simulators, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_HEADER", "another app's")
    with pytest.raises(StoreUnavailable, match="x-identity-header is not this endpoint's"):
        await EntraToken(entra.REDIS).get()


@pytest.mark.parametrize("token", ["", "no.jwt", "eyJhbGciOiJub25lIn0.e30."])
def test_token_without_an_identity_is_refused(token: str) -> None:
    with pytest.raises(StoreUnavailable, match="without an object id"):
        object_id(token)


async def test_postgresql_takes_the_token_of_now_for_each_connection(
    managed_identity: Simulators, postgres: PostgresServer
) -> None:
    renew(managed_identity, lifetime_seconds=60)  # less than the margin: no connection may reuse it
    store = Postgres(f"postgresql://{ROLE}@127.0.0.1:{postgres.ports()[0]}/test")
    with psycopg.connect(postgres.url(role="postgres", database="test"), autocommit=True) as superuser:
        superuser.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(ROLE)))
        for _ in range(2):  # the second time with the next token, the first one being worth nothing any more
            renew(managed_identity, lifetime_seconds=60)
            token = await EntraToken(entra.POSTGRESQL).get()
            superuser.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(ROLE), sql.Literal(token)))
            superuser.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", (ROLE,))
            async with store.transaction(EVERY_TENANT) as connection:
                row = await (await connection.execute("SELECT current_user AS who")).fetchone()
            assert row == {"who": ROLE}
    await store.close()


async def test_postgresql_without_an_identity_is_store_unavailable_in_bounded_time(
    managed_identity: Simulators, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.stores.postgres.CONNECT_TIMEOUT_SECONDS", 0.5)
    monkeypatch.setenv("IDENTITY_HEADER", "another app's")
    store = Postgres(f"postgresql://{ROLE}@127.0.0.1:{postgres.ports()[0]}/test")
    with pytest.raises(StoreUnavailable, match="PostgreSQL cannot be reached"):
        await store.health()
    await store.close()


def test_migrate_logs_in_as_the_identity(
    managed_identity: Simulators, postgres: PostgresServer, postgres_url: str
) -> None:
    token, database = asyncio.run(EntraToken(entra.POSTGRESQL).get()), "migrated_as_identity"
    with psycopg.connect(postgres_url, autocommit=True) as owner:
        owner.execute(f"CREATE DATABASE {database}".encode())
    with psycopg.connect(postgres.url(role="postgres", database="postgres"), autocommit=True) as superuser:
        identity = sql.Identifier("deployer@contoso")
        superuser.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(identity, sql.Literal(token)))
        superuser.execute(sql.SQL("GRANT aluskort_owner TO {}").format(identity))
    assert missing(f"postgresql://deployer%40contoso@127.0.0.1:{postgres.ports()[0]}/{database}")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://a:secret@h:5432/d", {}),
        ("postgresql://a:secret@h:6432/d", {"prepare_threshold": None}),
        ("host=h port=6432 user=a password=secret", {"prepare_threshold": None}),
    ],
)
async def test_prepared_statements_are_off_behind_pgbouncer_only(url: str, expected: dict[str, object]) -> None:
    assert await Login(url).arguments() == expected


@pytest.fixture
async def tls_redis(redis_url: str, tmp_path: Path) -> AsyncIterator[str]:
    """A rediss:// URL without a password: TLS ends in front of the run's Redis, as it does at Azure's."""
    files = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files)
    host, port = redis_url.rpartition("@")[2].partition("/")[0].split(":")

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
        writer.close()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(host, int(port))
        await asyncio.gather(copy(reader, inner_writer), copy(inner_reader, writer), return_exceptions=True)

    async with await asyncio.start_server(forward, "127.0.0.1", 0, ssl=context) as server:
        yield f"rediss://127.0.0.1:{server.sockets[0].getsockname()[1]}/0?ssl_ca_certs={files}"


async def test_redis_takes_the_identity_and_its_token(
    managed_identity: Simulators, redis_url: str, tls_redis: str
) -> None:
    token = await EntraToken(entra.REDIS).get()
    with redis.Redis.from_url(redis_url) as administrator:
        administrator.acl_setuser(OBJECT_ID, enabled=True, passwords=[f"+{token}"], categories=["+@all"], keys=["*"])
    store = Redis(tls_redis)
    await store.set("entra", b"1", ttl_seconds=60)
    assert await store.get_many(["entra"]) == [b"1"]
    await store.close()


async def test_redis_refuses_a_token_that_is_not_the_identitys(
    managed_identity: Simulators, redis_url: str, tls_redis: str
) -> None:
    with redis.Redis.from_url(redis_url) as administrator:
        administrator.acl_setuser(OBJECT_ID, enabled=True, reset_passwords=True, passwords=["+another"])
    store = Redis(tls_redis)
    with pytest.raises(StoreUnavailable, match="Redis cannot be reached"):
        await store.health()
    await store.close()
