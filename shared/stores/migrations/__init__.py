"""The schema, as SQL files named by UTC minute and sentence; applied by yoyo, idempotent, safe beside a running app."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict
from yoyo import get_backend, read_migrations
from yoyo.backends import DatabaseBackend
from yoyo.migrations import MigrationList

from shared.errors import ConfigurationError, StoreUnavailable
from shared.stores.postgres import PGBOUNCER_PORT, Login

FOLDER = Path(__file__).parent
LOCK_SECONDS = 5  # how long a statement may queue for a table that the running version uses, and hold up others
ONE_AT_A_TIME = 0x616C7573  # the advisory lock of whoever migrates; it ends with its session, also after a kill

Report = Callable[[str], None]  # called with a migration's name before it is applied


def migrate(owner_url: str, *, report: Report = lambda name: None) -> list[str]:
    """Apply what is missing and return its names; a second caller waits for the first and finds nothing to do.

    ``owner_url`` is the schema owner's postgresql:// URL, straight to the server. Raises ConfigurationError for another
    URL; StoreUnavailable when the server is unavailable or a table stays locked, and then a repeated call goes on.
    """
    with _opened(owner_url) as (backend, url):
        with psycopg.connect(url, autocommit=True) as guard:
            guard.execute("SELECT pg_advisory_lock(%s)", (ONE_AT_A_TIME,))
            missing = backend.to_apply(_ours())
            for migration in missing:
                report(migration.id)
                backend.apply_migrations(MigrationList([migration]))
        return [migration.id for migration in missing]


def missing(owner_url: str) -> list[str]:
    """Names of the migrations that :func:`migrate` would apply. Raises as it does."""
    with _opened(owner_url) as (backend, _):
        return [migration.id for migration in backend.to_apply(_ours())]


@contextmanager
def _opened(owner_url: str) -> Iterator[tuple[DatabaseBackend, str]]:
    """yoyo's connection, and the URL with the password of now."""
    url = _with_password(owner_url)
    waiting = f"{'&' if urlsplit(url).query else '?'}options=-c%20lock_timeout%3D{LOCK_SECONDS}s"
    try:
        backend = get_backend(url.replace("postgresql://", "postgresql+psycopg://", 1) + waiting)
        try:
            yield backend, url
        finally:
            backend.connection.close()
    except psycopg.errors.LockNotAvailable as error:
        raise StoreUnavailable(
            "PostgreSQL",
            f"a running transaction kept a table locked for {LOCK_SECONDS} s; migrate again ({error})",
        ) from error
    except psycopg.OperationalError as error:
        raise StoreUnavailable("PostgreSQL", error) from error


def _with_password(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "postgresql" or str(conninfo_to_dict(url).get("port")) == PGBOUNCER_PORT:
        raise ConfigurationError(
            "ALUSKORT_POSTGRES_OWNER_URL: expected postgresql://user@host:5432/database, straight to the server: "
            f"PgBouncer on port {PGBOUNCER_PORT} keeps no session for a migration's locks."
        )
    if conninfo_to_dict(url).get("password"):
        return url
    token = asyncio.run(Login(url).arguments())["password"]
    user, at, address = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}:{quote(token, safe='')}{at}{address}").geturl()


def _ours() -> MigrationList:
    # yoyo would take this module itself for a migration
    return read_migrations(str(FOLDER)).filter(lambda migration: migration.path.endswith(".sql"))
