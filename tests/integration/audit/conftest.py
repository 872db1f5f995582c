from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest

from local.services.postgres import Postgres as PostgresServer
from shared.stores.migrations import migrate
from shared.stores.postgres import Postgres

DATABASE = "audit_tests"


@pytest.fixture(scope="session")
def owner_url(postgres: PostgresServer, postgres_url: str) -> str:
    """A migrated database of these tests alone, as its owner."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}")
    url = postgres.url(database=DATABASE)
    migrate(url)
    postgres.allow_app()
    return url


@pytest.fixture(scope="session")
async def store(owner_url: str, postgres: PostgresServer) -> AsyncIterator[Postgres]:
    """The product's own connection: no owner, bound by row level security."""
    own = Postgres(postgres.url(role="aluskort_app", database=DATABASE))
    yield own
    await own.close()


@pytest.fixture
def owner(owner_url: str) -> Iterator[psycopg.Connection]:
    """The owner's connection, for tampering."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        yield connection
