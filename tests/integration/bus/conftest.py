from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest

from local.services.stack import CATALOGUE
from local.services.topics import create
from shared.bus.producer import KafkaProducer
from shared.contracts.tenant import EVERY_TENANT
from shared.stores.postgres import Postgres
from tests.conftest import Database


@pytest.fixture(scope="session")
async def brokers(kafka_brokers: str) -> str:
    """The broker with every topic of the catalogue."""
    await create(CATALOGUE, brokers=kafka_brokers)
    return kafka_brokers


@pytest.fixture(scope="session")
async def kafka(brokers: str) -> AsyncIterator[KafkaProducer]:
    own = KafkaProducer(brokers)
    yield own
    await own.close()


@pytest.fixture(scope="session")
def own_database(database: Callable[[str], Database]) -> Database:
    return database("bus_tests")


@pytest.fixture
async def store(own_database: Database) -> AsyncIterator[Postgres]:
    """The store, with an empty outbox: a relay publishes for everybody."""
    own = Postgres(own_database.url)
    async with own.transaction(EVERY_TENANT) as connection:
        await connection.execute("DELETE FROM outbox")
    yield own
    await own.close()


@pytest.fixture
def key() -> str:
    """A key of this test alone."""
    return uuid4().hex
