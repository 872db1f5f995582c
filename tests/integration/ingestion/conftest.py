from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest

from local.services.simulators import Simulators
from shared.ingestion.log_analytics import SentinelTables
from shared.stores.log_analytics import LogAnalytics
from shared.stores.postgres import Postgres
from tests.conftest import Database
from tests.integration.ingestion.workspace import SimulatedWorkspace


@pytest.fixture(scope="session")
def own_database(database: Callable[[str], Database]) -> Database:
    return database("ingestion_tests")


@pytest.fixture(scope="session")
async def store(own_database: Database) -> AsyncIterator[Postgres]:
    own = Postgres(own_database.url)
    yield own
    await own.close()


@pytest.fixture(scope="session")
def endpoint(simulators: Simulators) -> str:
    return simulators.log_analytics_url()


@pytest.fixture(scope="session")
async def sentinel(endpoint: str) -> AsyncIterator[SentinelTables]:
    own = LogAnalytics.connect(endpoint)
    yield SentinelTables(own)
    await own.close()


@pytest.fixture(scope="session")
def switches(endpoint: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=endpoint) as client:
        yield client


@pytest.fixture
def workspace(switches: httpx.Client) -> Callable[..., SimulatedWorkspace]:
    """Makes a workspace with the given rows."""

    def make(*rows: dict[str, Any]) -> SimulatedWorkspace:
        return SimulatedWorkspace(switches, *rows)

    return make
