"""The whole product on the local host: how many cases a second, how fast an approval acts, and 2,000 alerts at once.

Everything runs on one machine, the simulated Claude, Kafka and the host's own durable engine included, so a rate is a
floor. The host's share is what its process takes beyond the same cases in a process without a host.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from statistics import quantiles
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.benchmarks.harness import ROOT, Bench, Figure, alone_figure

if TYPE_CHECKING:
    from tests.e2e.product import Product

CASES, APPROVALS = 150, 40
FLOOD, CRITICAL = 2_000, 100  # alerts at once, and how many of them are critical
PATIENCE_SECONDS = 1_800

# From the first case that was opened to the last that ended.
RATE = """
SELECT count(DISTINCT investigation_id) / extract(epoch FROM max(t.happened_at) - min(i.created_at))
FROM investigation_state i JOIN investigation_transitions t USING (tenant_id, investigation_id)
WHERE tenant_id = %s
"""
# What is left over, and how many cases less severe than critical had a verdict before the last critical one.
OVERTAKEN = """
WITH verdicts AS (
    SELECT i.severity = 'critical' AS critical, min(t.happened_at) AS at
    FROM investigation_state i JOIN investigation_transitions t USING (tenant_id, investigation_id)
    WHERE tenant_id = %s AND t.step = 'judge'
    GROUP BY investigation_id, i.severity
)
SELECT count(*), count(*) FILTER (WHERE critical), extract(epoch FROM max(at) - min(at))::float8,
    extract(epoch FROM max(at) FILTER (WHERE critical) - min(at))::float8,
    count(*) FILTER (WHERE NOT critical AND at < (SELECT max(at) FROM verdicts WHERE critical))
FROM verdicts
"""
JUDGED = """
SELECT count(*), count(DISTINCT investigation_id) FROM investigation_transitions WHERE tenant_id = %s AND step = 'judge'
"""


def measure(_: Bench) -> list[Figure]:
    """Everything in one run of the product."""
    return asyncio.run(_measured())


async def _measured() -> list[Figure]:
    from local.demo.knowledge import load_knowledge  # noqa: PLC0415 - as elsewhere here: modules are loaded by name only
    from local.services.guard import guarded  # noqa: PLC0415
    from local.services.stack import Stack  # noqa: PLC0415
    from tests.e2e.product import PORT_SCAN, Product, envelope, security_alert, until  # noqa: PLC0415

    with guarded(ROOT / ".local" / "tests" / f"{os.getpid()}-host") as site:
        stack = Stack(site, {})
        stack.up(lambda *_: None)
        await load_knowledge(stack.environment())
        product = Product(stack)
        await product.send(envelope(security_alert("first", "first", PORT_SCAN)))  # the first alert loads libraries
        await until(lambda: product.settled("first", 1), seconds=PATIENCE_SECONDS)
        return [*await _rate(product), await _approvals(product), *await _flood(product)]


async def _rate(product: Product) -> list[Figure]:
    from tests.e2e.product import PORT_SCAN, envelope, security_alert, until  # noqa: PLC0415

    tenant, busy = "rate", _processor_seconds(product)
    rows = [security_alert(tenant, f"a-{number}", PORT_SCAN, AlertSeverity="Low") for number in range(CASES)]
    await product.send(*(envelope(row) for row in rows))
    await until(lambda: product.settled(tenant, CASES), seconds=PATIENCE_SECONDS)
    busy = 1000 * (_processor_seconds(product) - busy) / CASES
    ((rate,),) = await product.rows(RATE, tenant)
    return [
        alone_figure("cases through the local host", float(rate), "cases/s", least=12),
        alone_figure("processor time of the host's process for a case, product included", busy, "ms"),
    ]


async def _approvals(product: Product) -> Figure:
    """From the request that grants to the row of the executed action, one approval at a time."""
    from tests.e2e.product import envelope, security_alert, until  # noqa: PLC0415

    tenant = f"approvals-{uuid4().hex[:6]}"
    await product.send(envelope(*(security_alert(tenant, f"a-{number}") for number in range(APPROVALS))))
    await until(lambda: product.settled(tenant, APPROVALS), seconds=PATIENCE_SECONDS)
    waited: list[float] = []
    async with product.api() as client:
        person = await product.person(client, tenant)
        for approval in await _waiting(person):
            ((began,),) = await product.rows("SELECT clock_timestamp()")
            granted = {"approved": True, "actions_hash": approval["actions_hash"]}
            await person.post(f"/approvals/{approval['approval_id']}", granted)
            waited.append((await _executed(product, approval["investigation_id"]) - began).total_seconds())
    p95 = quantiles(waited, n=20)[-1]
    return alone_figure(f"approval to executed action, p95 of {len(waited)}", 1000 * p95, "ms", most=1_000)


async def _flood(product: Product) -> list[Figure]:
    from tests.e2e.product import PORT_SCAN, envelope, security_alert  # noqa: PLC0415

    tenant, every = "flood", FLOOD // CRITICAL
    rows = [
        security_alert(tenant, f"a-{n}", PORT_SCAN, AlertSeverity="Low" if (n + 1) % every else "Critical")
        for n in range(FLOOD)
    ]
    await product.send(*(envelope(*rows[start : start + 100]) for start in range(0, FLOOD, 100)))
    peak = await _peak_memory_until(product, lambda: product.settled(tenant, FLOOD))
    ((verdicts, critical, seconds, last_critical, overtaken),) = await product.rows(OVERTAKEN, tenant)
    ((judged, cases),) = await product.rows(JUDGED, tenant)
    name = f"{FLOOD:,} alerts at once"
    return [
        alone_figure(f"{name}: lost", float(FLOOD - cases), "cases", most=0),
        alone_figure(f"{name}: judged twice", float(judged - cases), "cases", most=0),
        alone_figure(f"{name}: until the last verdict", seconds, "s"),
        alone_figure(f"{name}: until the last verdict on a critical one ({critical})", last_critical, "s"),
        alone_figure(
            f"{name}: others that had a verdict before it, of {verdicts - critical:,}",
            overtaken / (verdicts - critical),
            "share",
        ),
        alone_figure(f"{name}: most memory of the host's process", peak / 2**20, "MiB", most=1_024),
    ]


async def _waiting(person: Any) -> list[dict[str, Any]]:
    page = await person.get("/approvals", limit=100)
    return [each for each in page["items"] if each["actions"]]


async def _executed(product: Product, investigation: str) -> Any:
    from tests.e2e.product import until  # noqa: PLC0415

    found: list[Any] = []

    async def there() -> bool:
        nonlocal found
        sql = "SELECT min(executed_at) FROM executed_actions WHERE investigation_id = %s HAVING count(*) > 0"
        found = await product.rows(sql, investigation)
        return bool(found)

    await until(there, seconds=PATIENCE_SECONDS)
    return found[0][0]


async def _peak_memory_until(product: Product, condition: Callable[[], Awaitable[bool]]) -> int:
    from tests.e2e.product import until  # noqa: PLC0415

    peak = 0

    async def sampled() -> bool:
        nonlocal peak
        peak = max(peak, _process(product).memory_info().rss)
        return await condition()

    await until(sampled, seconds=PATIENCE_SECONDS)
    return peak


def _processor_seconds(product: Product) -> float:
    times = _process(product).cpu_times()
    return float(times.user + times.system)


def _process(product: Product) -> Any:
    from local.services import process  # noqa: PLC0415

    found = process.find(product.stack.site.record("host"))
    if found is None:
        raise RuntimeError("the host has ended")
    return found
