import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from time import monotonic

import psycopg
import pytest

from local.services.guard import guarded
from local.services.site import CHECKOUT, Site
from shared.errors import StoreUnavailable
from shared.stores.postgres import Postgres
from tests.conftest import Database

RECOVERY_SECONDS = 30


@pytest.fixture(scope="session")
def own_database(database: Callable[[str], Database]) -> Database:
    return database("store_tests")


@pytest.fixture(scope="session")
async def store(own_database: Database) -> AsyncIterator[Postgres]:
    own = Postgres(own_database.url)
    yield own
    await own.close()


@pytest.fixture
def owner(own_database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(own_database.owner_url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def own_site() -> Iterator[Site]:
    """A site apart from the run's, whose services these tests stop and start."""
    with guarded(CHECKOUT / ".local" / "tests" / f"{os.getpid()}-stores") as site:
        yield site


async def answered[T](ask: Callable[[], Awaitable[T]]) -> T:
    """The first answer of a store that is coming back."""
    deadline = monotonic() + RECOVERY_SECONDS
    while True:
        try:
            return await ask()
        except StoreUnavailable:
            if monotonic() > deadline:
                raise
