"""The real services that tests run on: each is started once per run, when the first test asks for it.

Data lives in ``.local/tests/<run>``; a guard process ends everything when the run ends, also when it is killed. With
pytest-xdist the controller makes that site and its workers share what runs there. They do not meet in it: each has
databases of its own in PostgreSQL and Redis, topics and containers have names of their own or messages under keys of
their own, and the event hubs and simulators, which tests read from the start and switch to faults, run once a worker.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest

from local.services.azurite import Azurite
from local.services.event_hubs import EventHubs
from local.services.guard import guarded
from local.services.kafka import Kafka
from local.services.neo4j import Neo4j
from local.services.postgres import APP, Postgres
from local.services.redis import Redis
from local.services.service import Service, ensure
from local.services.simulators import Simulators
from local.services.site import CHECKOUT, Site
from shared.stores.migrations import migrate

# A busy machine is slow to make examples; that says nothing about the code.
hypothesis.settings.register_profile("tests", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("tests")

TEMPLATE = "migrated"
SITE = "site"  # the key under which a worker finds the folder of the run's site
RUN = pytest.StashKey[Site]()


@dataclass(frozen=True)
class Database:
    """A database with the schema. ``owner_url`` may do everything in it, ``url`` is the product's own role."""

    owner_url: str
    url: str


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """In the controller, before a worker starts: make the run's site for the first, and name it to each."""
    config: pytest.Config = node.config
    if RUN not in config.stash:
        made = ExitStack()
        config.stash[RUN] = made.enter_context(_own_site())
        config.add_cleanup(made.close)
    node.workerinput[SITE] = str(config.stash[RUN].folder)


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """The run's site, emptied of processes and data at the end."""
    worker: dict[str, str] | None = getattr(request.config, "workerinput", None)
    if worker is not None:
        yield Site(Path(worker[SITE]))
        return
    with _own_site() as own:
        yield own


@pytest.fixture(scope="session")
def worker(request: pytest.FixtureRequest) -> int:
    """The number of this process among the run's workers; 0 when there are none."""
    named: dict[str, str] = getattr(request.config, "workerinput", {"workerid": "gw0"})
    return int(named["workerid"].removeprefix("gw"))


@pytest.fixture(scope="session")
def postgres(site: Site) -> Postgres:
    """A PostgreSQL with the empty database ``test`` and the migrated one that :func:`database` copies."""
    server = Postgres(site, databases=("test", TEMPLATE))

    def prepare() -> None:
        migrate(server.url(database=TEMPLATE))
        server.allow_app()

    _run(server, site, prepare)
    return server


@pytest.fixture
def whole_postgres(postgres: Postgres, site: Site) -> Iterator[Postgres]:
    """The PostgreSQL while no other worker's test changes, or needs unchanged, what all its databases share."""
    with site.locked("whole-postgres"):
        yield postgres


@pytest.fixture(scope="session")
def postgres_url(postgres: Postgres, worker: int) -> str:
    """The URL of an empty database for its owner, who is no superuser and may make roles and databases."""
    url = postgres.url(database="test")
    _create(url, f"test_{worker}")
    return postgres.url(database=f"test_{worker}")


@pytest.fixture(scope="session")
def database(postgres: Postgres, postgres_url: str, worker: int) -> Callable[[str], Database]:
    """Makes a migrated database of the given name: a copy of one that was migrated once, so it costs little."""

    def make(name: str) -> Database:
        own = f"{name}_{worker}"
        _create(postgres_url, f"{own} TEMPLATE {TEMPLATE}")
        return Database(owner_url=postgres.url(database=own), url=postgres.url(role=APP, database=own))

    return make


@pytest.fixture(scope="session")
def redis_url(site: Site, worker: int) -> str:
    """The URL of an empty Redis database."""
    server = Redis(site)
    _run(server, site)
    return server.url(database=worker)


@pytest.fixture(scope="session")
def kafka_brokers(site: Site) -> str:
    """``host:port`` of a Kafka broker with such topics only as tests have made; it makes none by itself."""
    broker = Kafka(site)
    _run(broker, site)
    return broker.brokers()


@pytest.fixture(scope="session")
def neo4j_url(site: Site) -> str:
    """The URL of a graph database; tests keep their nodes apart by tenant."""
    database = Neo4j(site)
    _run(database, site)
    return database.url()


@pytest.fixture(scope="session")
def event_hubs(site: Site, worker: int) -> str:
    """The connection string of a namespace with the empty hub ``sentinel-alerts``, 4 partitions."""
    namespace = EventHubs(site, name=f"eventhubs-{worker}")
    _run(namespace, site)
    return namespace.connection_string()


@pytest.fixture(scope="session")
def simulators(site: Site, worker: int) -> Simulators:
    """The simulated Claude and identity provider."""
    both = Simulators(site, name=f"simulators-{worker}")
    _run(both, site)
    return both


@pytest.fixture(scope="session")
def claude_url(simulators: Simulators) -> str:
    """The base URL of the simulated Claude, without faults."""
    return simulators.claude_url()


@pytest.fixture(scope="session")
def azurite(site: Site) -> str:
    """The connection string of a blob store with such containers only as tests have made."""
    store = Azurite(site)
    _run(store, site)
    return store.connection_string()


def _own_site() -> AbstractContextManager[Site]:
    return guarded(CHECKOUT / ".local" / "tests" / str(os.getpid()))


def _run(service: Service, site: Site, prepare: Callable[[], None] = lambda: None) -> None:
    """Start the service and prepare it, unless a worker of this run has: the first to come does, the others wait."""
    with site.locked(f"start-{service.name}"):
        ready = site.data(service.name) / "ready"
        if not ready.exists():
            ensure(service, site)
            prepare()
            ready.touch()


def _create(owner_url: str, what: str) -> None:
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {what}".encode())
