"""The real services that tests run on: each is started once per run, when the first test asks for it.

Data lives in ``.local/tests/<run>``; a guard process ends everything when the run ends, also when it is killed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg
import pytest

from local.services.azurite import Azurite
from local.services.event_hubs import EventHubs
from local.services.guard import guarded
from local.services.kafka import Kafka
from local.services.postgres import APP, Postgres
from local.services.redis import Redis
from local.services.service import ensure
from local.services.simulators import Simulators
from local.services.site import CHECKOUT, Site
from shared.stores.migrations import migrate

TEMPLATE = "migrated"


@dataclass(frozen=True)
class Database:
    """A database with the schema. ``owner_url`` may do everything in it, ``url`` is the product's own role."""

    owner_url: str
    url: str


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """The run's own site, emptied of processes and data at the end."""
    with guarded(CHECKOUT / ".local" / "tests" / str(os.getpid())) as own:
        yield own


@pytest.fixture(scope="session")
def postgres(site: Site) -> Postgres:
    """A PostgreSQL with one empty database, ``test``."""
    server = Postgres(site, databases=("test",))
    ensure(server, site)
    return server


@pytest.fixture(scope="session")
def postgres_url(postgres: Postgres) -> str:
    """The URL of the database ``test`` for its owner, who is no superuser and may make roles and databases."""
    return postgres.url(database="test")


@pytest.fixture(scope="session")
def database(postgres: Postgres, postgres_url: str) -> Callable[[str], Database]:
    """Makes a migrated database of the given name: a copy of one that was migrated once, so it costs little."""
    _create(postgres_url, TEMPLATE)
    migrate(postgres.url(database=TEMPLATE))
    postgres.allow_app()

    def make(name: str) -> Database:
        _create(postgres_url, f"{name} TEMPLATE {TEMPLATE}")
        return Database(owner_url=postgres.url(database=name), url=postgres.url(role=APP, database=name))

    return make


@pytest.fixture(scope="session")
def redis_url(site: Site) -> str:
    """The URL of an empty Redis."""
    server = Redis(site)
    ensure(server, site)
    return server.url()


@pytest.fixture(scope="session")
def kafka_brokers(site: Site) -> str:
    """``host:port`` of a Kafka broker without topics, which makes none by itself."""
    broker = Kafka(site)
    ensure(broker, site)
    return broker.brokers()


@pytest.fixture(scope="session")
def event_hubs(site: Site) -> str:
    """The connection string of a namespace with the empty hub ``sentinel-alerts``, 4 partitions."""
    namespace = EventHubs(site)
    ensure(namespace, site)
    return namespace.connection_string()


@pytest.fixture(scope="session")
def simulators(site: Site) -> Simulators:
    """The simulated Claude and identity provider."""
    both = Simulators(site)
    ensure(both, site)
    return both


@pytest.fixture(scope="session")
def claude_url(simulators: Simulators) -> str:
    """The base URL of the simulated Claude, without faults."""
    return simulators.claude_url()


@pytest.fixture(scope="session")
def azurite(site: Site) -> str:
    """The connection string of an empty blob store."""
    store = Azurite(site)
    ensure(store, site)
    return store.connection_string()


def _create(owner_url: str, what: str) -> None:
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {what}".encode())
