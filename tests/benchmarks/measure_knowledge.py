"""What knowledge costs: an alert among 10,000 patterns of its name, 20 indicators at once, 100,000 queued tasks."""

from __future__ import annotations

import asyncio
from statistics import quantiles
from time import perf_counter, process_time
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.types.json import Jsonb

from shared.batch.scheduler import BatchScheduler
from shared.batch.task_types import batch_task
from shared.contracts.entity import AlertEntities
from shared.knowledge.fp_patterns import FPPatterns
from shared.knowledge.indicators import Indicator, Indicators
from shared.stores.postgres import Postgres
from shared.stores.redis import Redis
from tests.benchmarks.databases import databases
from tests.benchmarks.harness import Bench, Figure, alone_figure

PATTERNS, INDICATORS, TASKS = 10_000, 20, 100_000
TIMES = 500
TENANT = "bench"
FILL = """
INSERT INTO fp_patterns (pattern_id, tenant_id, status, approved_by_1, approved_by_2, expires_at, pattern)
SELECT 'fp-' || n, %(tenant)s, 'active', 'a', 'b', now() + interval '30 days', jsonb_build_object(
    'pattern_id', 'fp-' || n, 'alert_name', 'Port scan', 'confidence', 0.95, 'status', 'active', 'scope_tenant_id',
    %(tenant)s::text, 'created_at', '2026-11-28T00:00:00Z', 'updated_at', '2026-11-28T00:00:00Z', 'entity_patterns',
    jsonb_build_array(
        jsonb_build_object('type', 'host', 'value_regex', 'host\\-' || n || '\\.northlight\\.example'),
        jsonb_build_object('type', 'account', 'value_regex', 'svc\\-scan')
    )
)
FROM generate_series(1, %(count)s) AS n
"""
QUEUE = """
WITH tasks AS (
    INSERT INTO batch_tasks (task_id, tenant_id, task_type, task, size_bytes)
    SELECT gen_random_uuid(), %(tenant)s, %(type)s, %(task)s, 500 FROM generate_series(1, %(count)s)
)
INSERT INTO batch_queues (tenant_id, task_type, waiting, due_at)
VALUES (%(tenant)s, %(type)s, %(count)s::integer, now())
"""


def _fill(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("SELECT set_config('aluskort.tenant', '*', false)")
        owner.execute(FILL, {"tenant": TENANT, "count": PATTERNS})


async def _patterns(store: Postgres) -> tuple[float, float]:
    """CPU of this process and time of one check, in milliseconds."""
    patterns = FPPatterns(store)

    async def check(number: int) -> None:
        entities = AlertEntities.model_validate(
            {
                "hosts": [{"entity_type": "host", "primary_value": f"HOST-{number}.northlight.example"}],
                "accounts": [{"entity_type": "account", "primary_value": "svc-scan"}],
            }
        )
        (found,) = await store.read(TENANT, patterns.matching(TENANT, alert_name="Port scan", entities=entities))
        assert found is not None
        assert found.pattern_id == f"fp-{number}"

    await check(1)
    begun, computed = perf_counter(), process_time()
    for number in range(TIMES):
        await check(number * 17 % PATTERNS + 1)
    return (process_time() - computed) * 1_000 / TIMES, (perf_counter() - begun) * 1_000 / TIMES


async def _indicators(store: Postgres, redis: Redis) -> float:
    """The 99th percentile of a lookup that Redis answers, in milliseconds."""
    indicators = Indicators(store, redis)
    values = [f"203.0.113.{number}" for number in range(INDICATORS)]
    for value in values:
        await indicators.learn(Indicator(type="ip", value=value, confidence=90, severity="high", sources=["bench"]))
    times = []
    for _ in range(4 * TIMES):
        begun = perf_counter()
        assert len(await indicators.lookup(values)) == INDICATORS
        times.append((perf_counter() - begun) * 1_000)
    return quantiles(times, n=100)[98]


class _Batches:
    async def create(self, bodies: Any) -> str:
        return str(uuid4())


class _Provider:
    """A provider that takes every batch; what it costs to redact the questions is the gateway's own figure."""

    batches = _Batches()

    async def prepare(self, requests: Any) -> list[Any]:
        from decimal import Decimal  # noqa: PLC0415

        from shared.gateway.batch_gateway import PreparedItem  # noqa: PLC0415

        return [PreparedItem(parameters={}, prompt_sha256="0", worst_usd=Decimal(0)) for _ in requests]

    async def hold(self, *_: Any, **__: Any) -> bool:
        return True


async def _tick(store: Postgres) -> float:
    """Seconds of one tick with so many tasks waiting."""
    scheduler = BatchScheduler(store, _Provider)  # type: ignore[arg-type]
    task = batch_task(TENANT, "retrospective_analysis", user_content='{"alert": {"title": "Scan"}}', metadata={})
    values = {"tenant": TENANT, "type": task.task_type, "task": Jsonb(task.model_dump(mode="json")), "count": TASKS}
    async with store.transaction(TENANT) as connection:
        await connection.execute(QUEUE, values)
    assert await scheduler.tick() is not None  # the first one loads the provider's library
    begun = perf_counter()
    assert await scheduler.tick() is not None
    return perf_counter() - begun


def measure(bench: Bench) -> list[Figure]:
    """Each on databases of its own."""
    with databases() as given:

        async def run() -> tuple[tuple[float, float], float, float]:
            store, redis = Postgres(given.ours), Redis(given.redis)
            try:
                return await _patterns(store), await _indicators(store, redis), await _tick(store)
            finally:
                await store.close()
                await redis.close()

        _fill(given.ours)
        (computed, waited), lookup, tick = asyncio.run(run())
    return [
        alone_figure(f"FP_CHECK among {PATTERNS:,} patterns of the alert's name, CPU", computed, "ms", most=5),
        alone_figure(f"FP_CHECK among {PATTERNS:,} patterns of the alert's name", waited, "ms"),
        alone_figure(f"{INDICATORS} indicators in one round trip, p99", lookup, "ms", most=1),
        alone_figure(f"a tick of the batch scheduler, {TASKS:,} tasks waiting", tick, "s", most=2),
    ]
