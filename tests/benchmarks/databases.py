"""A PostgreSQL of a benchmark's own that makes each commit durable, as one in production does, and a Redis."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import psycopg

from local.services.guard import guarded
from local.services.postgres import APP, Postgres
from local.services.process import Command
from local.services.redis import Redis
from local.services.service import ensure
from shared.contracts.batch import EntityPattern
from shared.response.playbook_conditions import PlaybookConditions
from shared.response.playbooks import Playbook, Playbooks
from shared.stores.migrations import migrate
from shared.stores.postgres import Postgres as Store
from tests.benchmarks.harness import ROOT

OURS, PEERS = "aluskort", "peers"


class DurablePostgres(Postgres):
    """Waits for the disk at each commit."""

    def command(self) -> Command:
        """See Postgres."""
        command = super().command()
        return replace(command, arguments=[*command.arguments, "-c", "fsync=on"])  # the last word counts


@dataclass(frozen=True)
class Databases:
    """URLs: ``ours`` has our schema and is for the application's role, ``peers`` is empty and for its owner."""

    ours: str
    peers: str
    redis: str


@contextmanager
def databases() -> Iterator[Databases]:
    """Both servers, stopped and removed at the end."""
    with guarded(ROOT / ".local" / "tests" / f"{os.getpid()}-bench") as site:
        server, redis = DurablePostgres(site, databases=(OURS, PEERS)), Redis(site)
        for service in (server, redis):
            ensure(service, site)
        migrate(server.url(database=OURS))
        server.allow_app()
        owner = server.url(database=PEERS)
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute("CREATE TABLE floor (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, value text)")
        asyncio.run(_store_playbook(server.url(database=OURS)))
        yield Databases(ours=server.url(role=APP, database=OURS), peers=owner, redis=redis.url(database=0))


async def _store_playbook(owner_url: str) -> None:
    """The harmless one by which the measured cases close without a person."""
    store = Store(owner_url)
    conditions = PlaybookConditions(
        products=["Scanner"],
        rules=["Port scan from outside"],
        entities=[EntityPattern(type="host", value_regex="ws-.+")],
    )
    await Playbooks(store).store(
        Playbook(
            playbook_id="pb-bench",
            title="Note the scan",
            tactics=["reconnaissance"],
            actions=["add_comment"],
            approved_by="lead",
            conditions=conditions,
        )
    )
    await store.close()
