"""A scheduler on a database of its own and on simulators that work a batch off at once."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import anthropic
import psycopg
import pytest
from psycopg.rows import dict_row

from shared.batch.task_types import batch_task
from shared.batch.wiring import Batch
from shared.bus.outbox import Outbox
from shared.bus.producer import MemoryProducer
from shared.contracts.batch import BatchTask
from shared.contracts.judged_case import JudgedCase
from shared.gateway.batch_client import AnthropicBatches
from shared.gateway.batch_gateway import BatchGateway
from shared.gateway.spend import SpendGuard
from shared.stores.postgres import Postgres
from tests.conftest import Database
from tests.integration.gateway.harness import Events
from tests.integration.simulators.conftest import running_simulators

MONTHS = itertools.count()


@pytest.fixture(scope="session")
def own_database(database: Callable[[str], Database]) -> Database:
    return database("batch_tests")


@pytest.fixture(scope="session")
async def store(own_database: Database) -> AsyncIterator[Postgres]:
    own = Postgres(own_database.url)
    yield own
    await own.close()


@pytest.fixture(scope="session")
def provider_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the simulated provider keeps its batches."""
    return tmp_path_factory.mktemp("provider")


@pytest.fixture(scope="session")
def provider_url(provider_data: Path) -> Iterator[str]:
    with running_simulators(provider_data, "--batch-seconds", "0") as (url, _):
        yield f"{url}/claude"


@pytest.fixture
async def sdk(provider_url: str) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(api_key="test-key", base_url=provider_url, max_retries=0) as client:
        yield client


@dataclass
class Cases:
    """Cases as people judged them; shared/investigation's are tested with it."""

    all: list[JudgedCase] = field(default_factory=list)

    async def of_rule(self, tenant_id: str, alert_name: str, *, since: datetime) -> list[JudgedCase]:
        return [case for case in self.all if case.alert_title == alert_name]

    async def count(self, tenant_id: str, *, since: datetime) -> int:
        return len(self.all)

    async def history(self, tenant_id: str, *, alert_name: str, since: datetime) -> AsyncIterator[JudgedCase]:
        for case in self.all:
            if alert_name in {"", case.alert_title}:
                yield case


@dataclass
class Office:
    """The batch domain of one test: its tenant, its month's money, and what everybody sees of it."""

    batch: Batch
    gateway: BatchGateway
    spend: SpendGuard
    events: Events
    bus: MemoryProducer
    outbox: Outbox
    tenant: str
    owner: psycopg.Connection[dict[str, Any]]
    provider_data: Path
    cases: Cases

    def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        """As the schema's owner; %(tenant)s is this test's tenant."""
        cursor = self.owner.execute(query.encode(), {"tenant": self.tenant, **values})
        return cursor.fetchall() if cursor.description else []

    def sent(self) -> list[str]:
        """The custom ids of everything that the provider has of this tenant's tasks, sorted."""
        ours = {row["task_id"].hex for row in self.rows("SELECT task_id FROM batch_tasks WHERE tenant_id = %(tenant)s")}
        batches = [json.loads(path.read_bytes()) for path in (self.provider_data / "batches").glob("*.json")]
        ids = [request["custom_id"] for batch in batches for request in batch["requests"]]
        return sorted(one for one in ids if one.partition("_")[0] in ours)

    def let_time_pass(self) -> None:
        """Every lease and pause of the tenant's is over."""
        self.rows("UPDATE batch_jobs SET next_look_at = now() WHERE tenant_id = %(tenant)s")
        self.rows("UPDATE batch_queues SET due_at = now() WHERE tenant_id = %(tenant)s AND waiting > 0")

    def states(self) -> dict[str, int]:
        """How many tasks are in which state."""
        found = self.rows("SELECT status, count(*) AS n FROM batch_tasks WHERE tenant_id = %(tenant)s GROUP BY 1")
        return {row["status"]: row["n"] for row in found}

    def tasks(self, count: int, text: str = "Port scan", task_type: str = "retrospective_analysis") -> list[BatchTask]:
        """Tasks that differ by a number."""
        content = '{{"alert": {{"title": "{} {}", "entities": []}}}}'
        return [
            batch_task(self.tenant, task_type, user_content=content.format(text, number), metadata={})
            for number in range(count)
        ]

    async def run(self, rounds: int = 6) -> None:
        """Tick and collect until nothing is left to do."""
        for _ in range(rounds):
            self.let_time_pass()
            while await self.batch.scheduler.tick() is not None:
                pass
            self.let_time_pass()
            await self.batch.collector.collect()


MakeOffice = Callable[..., Office]


@pytest.fixture(scope="session")
def owner(own_database: Database) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    with psycopg.connect(own_database.owner_url, autocommit=True, row_factory=dict_row) as connection:
        yield connection


@pytest.fixture
def make_office(
    store: Postgres,
    owner: psycopg.Connection[dict[str, Any]],
    sdk: anthropic.AsyncAnthropic,
    provider_data: Path,
) -> MakeOffice:
    def make(*, hard: float = 1000.0) -> Office:
        number = next(MONTHS)
        month = date(2040 + number // 12, number % 12 + 1, 1)
        bus, events, cases = MemoryProducer(), Events(), Cases()
        outbox = Outbox(store, bus)
        spend = SpendGuard(store, soft_limit_usd=500, hard_limit_usd=hard, month=lambda: month)
        gateway = BatchGateway(AnthropicBatches(sdk), spend, events)
        batch = Batch(store, outbox, bus, gateway=lambda: gateway, cases=cases)
        tenant = f"tenant-{uuid4().hex[:12]}"
        return Office(batch, gateway, spend, events, bus, outbox, tenant, owner, provider_data, cases)

    return make


@pytest.fixture
def office(make_office: MakeOffice) -> Iterator[Office]:
    own = make_office()
    yield own
    # What a test left open must not be another test's turn.
    own.rows("UPDATE batch_queues SET waiting = 0, due_at = NULL WHERE tenant_id = %(tenant)s")
    own.rows("UPDATE batch_jobs SET status = 'failed' WHERE tenant_id = %(tenant)s AND status <> 'completed'")
