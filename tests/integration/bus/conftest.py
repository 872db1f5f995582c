from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest

from local.services.stack import CATALOGUE
from local.services.topics import create
from shared.bus.producer import KafkaProducer
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
async def store(database: Callable[[str], Database]) -> AsyncIterator[Postgres]:
    own = Postgres(database("bus_tests").url)
    yield own
    await own.close()


@pytest.fixture
def key() -> str:
    """A key of this test alone."""
    return uuid4().hex
