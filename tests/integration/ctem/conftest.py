from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest

from shared.bus.outbox import Outbox
from shared.bus.producer import MemoryProducer
from shared.ctem.reading import Reports
from shared.ctem.scans import Scans
from shared.stores.postgres import Postgres
from tests.conftest import Database


@pytest.fixture(scope="session")
async def store(database: Callable[[str], Database]) -> AsyncIterator[Postgres]:
    own = Postgres(database("ctem_tests").url)
    yield own
    await own.close()


@pytest.fixture
def producer() -> MemoryProducer:
    return MemoryProducer()


@pytest.fixture
async def outbox(store: Postgres, producer: MemoryProducer) -> AsyncIterator[Outbox]:
    own = Outbox(store, producer)
    yield own
    await own.settled()


@pytest.fixture
def scans(store: Postgres, outbox: Outbox) -> Scans:
    return Scans(store, outbox)


@pytest.fixture
def reports(scans: Scans) -> Reports:
    return Reports(scans, None)


@pytest.fixture
def tenant() -> str:
    return f"tenant-{uuid4().hex[:12]}"
