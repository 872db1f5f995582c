from collections.abc import AsyncIterator, Callable, Iterator

import psycopg
import pytest

from shared.stores.postgres import Postgres
from tests.conftest import Database


@pytest.fixture(scope="session")
def own_database(database: Callable[[str], Database]) -> Database:
    return database("audit_tests")


@pytest.fixture(scope="session")
def owner_url(own_database: Database) -> str:
    return own_database.owner_url


@pytest.fixture(scope="session")
async def store(own_database: Database) -> AsyncIterator[Postgres]:
    """The product's own connection: no owner, bound by row level security."""
    own = Postgres(own_database.url)
    yield own
    await own.close()


@pytest.fixture
def owner(owner_url: str) -> Iterator[psycopg.Connection]:
    """The owner's connection, for tampering."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        yield connection
