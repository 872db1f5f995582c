from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest

from shared.bus.outbox import Outbox
from shared.bus.producer import MemoryProducer
from shared.contracts.audit import AuditEvent
from shared.incidents.regrouping import Regrouping
from shared.incidents.repository import Incidents
from shared.stores.postgres import Postgres
from tests.conftest import Database


@pytest.fixture(scope="session")
def own_database(database: Callable[[str], Database]) -> Database:
    return database("incident_tests")


@pytest.fixture(scope="session")
async def store(own_database: Database) -> AsyncIterator[Postgres]:
    own = Postgres(own_database.url)
    yield own
    await own.close()


@pytest.fixture
def tenant() -> str:
    return f"tenant-{uuid4().hex[:12]}"


@pytest.fixture
def incidents(store: Postgres) -> Incidents:
    return Incidents(store)


@pytest.fixture
def bus() -> MemoryProducer:
    return MemoryProducer()


@pytest.fixture
async def outbox(store: Postgres, bus: MemoryProducer) -> AsyncIterator[Outbox]:
    relay = Outbox(store, bus)
    yield relay
    await relay.settled()


@pytest.fixture
def regrouping(store: Postgres, outbox: Outbox) -> Regrouping:
    return Regrouping(store, outbox)


@pytest.fixture
def audited(outbox: Outbox, bus: MemoryProducer, tenant: str) -> Callable[[], object]:
    """The tenant's audit events so far, oldest first."""

    async def read() -> list[AuditEvent]:
        outbox.notify()
        await outbox.settled()
        events = (AuditEvent.from_json(message.value) for message in bus.on("audit.events"))
        return [event for event in events if event.tenant_id == tenant]

    return read
