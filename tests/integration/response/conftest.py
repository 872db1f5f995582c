from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest
from psycopg.types.json import Jsonb

from shared.contracts.investigation import GraphState
from shared.stores.postgres import Postgres
from tests.conftest import Database


@pytest.fixture(scope="session")
def own_database(database: Callable[[str], Database]) -> Database:
    return database("response_tests")


@pytest.fixture(scope="session")
async def store(own_database: Database) -> AsyncIterator[Postgres]:
    own = Postgres(own_database.url)
    yield own
    await own.close()


@pytest.fixture(scope="session")
async def owner_store(own_database: Database) -> AsyncIterator[Postgres]:
    """As the schema's owner, who alone may store playbooks."""
    own = Postgres(own_database.owner_url)
    yield own
    await own.close()


@pytest.fixture
def tenant() -> str:
    return f"tenant-{uuid4().hex[:12]}"


@pytest.fixture
async def investigation(store: Postgres, tenant: str) -> str:
    """The id of a stored investigation about `alert-1`."""
    name = f"i-{uuid4().hex}"
    async with store.transaction(tenant) as connection:
        state = GraphState(investigation_id=name, tenant_id=tenant)
        await connection.execute(
            "INSERT INTO investigation_state (investigation_id, tenant_id, alert_id, source, alert_title, severity,"
            " state, graph_state, alert) VALUES (%s, %s, 'alert-1', 's', 't', 'low', 'closed', %s, '{}')",
            (name, tenant, Jsonb(state.model_dump(mode="json"))),
        )
    return name
