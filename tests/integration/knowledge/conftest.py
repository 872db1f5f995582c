from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest

from shared.stores.postgres import Postgres
from shared.stores.qdrant import Qdrant
from shared.stores.redis import Redis
from tests.conftest import Database
from tests.integration.vectors import own_qdrant


@pytest.fixture(scope="session")
async def store(database: Callable[[str], Database]) -> AsyncIterator[Postgres]:
    own = Postgres(database("knowledge_tests").url)
    yield own
    await own.close()


@pytest.fixture
async def cache(redis_url: str) -> AsyncIterator[Redis]:
    own = Redis(redis_url)
    yield own
    await own.close()


@pytest.fixture
async def no_cache() -> AsyncIterator[Redis]:
    """A Redis that is unavailable."""
    own = Redis("redis://127.0.0.1:1/0")
    yield own
    await own.close()


@pytest.fixture
async def qdrant() -> AsyncIterator[Qdrant]:
    own = own_qdrant()
    yield own
    await own.close()


@pytest.fixture
async def no_qdrant() -> AsyncIterator[Qdrant]:
    """A Qdrant that is unavailable."""
    own = Qdrant.connect(url="http://127.0.0.1:1")
    yield own
    await own.close()


@pytest.fixture
def tenant() -> str:
    return f"tenant-{uuid4().hex[:12]}"
