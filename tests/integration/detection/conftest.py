from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest

from shared.stores.postgres import Postgres
from tests.conftest import Database


@pytest.fixture(scope="session")
def own_database(database: Callable[[str], Database]) -> Database:
    return database("detection_tests")


@pytest.fixture(scope="session")
async def store(own_database: Database) -> AsyncIterator[Postgres]:
    own = Postgres(own_database.url)
    yield own
    await own.close()


@pytest.fixture
def tenant() -> str:
    return f"tenant-{uuid4().hex[:12]}"
