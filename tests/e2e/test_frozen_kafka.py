"""Kafka that accepts connections and answers nothing: the API goes on, nothing is lost, all go on afterwards.

``FROZEN_SECONDS`` is 12 in the suite; the runs that docs/under-pressure.md reports took 60 (the environment variable
``ALUSKORT_TEST_FROZEN_SECONDS``), with 100 alerts.
"""

import asyncio
import os
import signal
import sys
import time

import pytest

from local.services import process
from tests.e2e.product import Product, count_of_alerts, envelope, security_alert, until

FROZEN_SECONDS = float(os.environ.get("ALUSKORT_TEST_FROZEN_SECONDS", "12"))
ALERTS = count_of_alerts(60)


async def reads(product: Product, tenant: str, seconds: float) -> list[float]:
    """How long each read of the API took, in seconds; one that fails fails the test."""
    took: list[float] = []
    async with product.api() as client:
        person = await product.person(client, tenant, role="analyst")
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            began = time.monotonic()
            await person.get("/investigations")
            took.append(time.monotonic() - began)
            await asyncio.sleep(0.05)
    return took


async def test_frozen_kafka_delays_no_read_and_loses_no_alert(
    product: Product, tenant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    broker = process.find(product.stack.site.record("kafka"))
    assert broker is not None
    await product.send(*(envelope(security_alert(tenant, f"a-{number}")) for number in range(ALERTS)))
    await until(lambda: some_are_under_way(product, tenant))
    os.kill(broker.pid, signal.SIGSTOP)
    try:
        took = sorted(await reads(product, tenant, FROZEN_SECONDS))
    finally:
        os.kill(broker.pid, signal.SIGCONT)
    await until(lambda: product.settled(tenant, ALERTS))
    assert set((await product.states(tenant)).values()) == {"awaiting_human"}
    await until(lambda: outbox_is_empty(product))
    with capsys.disabled():
        p50, p95 = took[len(took) // 2], took[int(len(took) * 0.95)]
        line = f"{len(took)} reads in {FROZEN_SECONDS:g} s: p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms"
        sys.stdout.write(f"\n    Kafka frozen, {line}, longest {took[-1] * 1000:.0f} ms\n")


async def some_are_under_way(product: Product, tenant: str) -> bool:
    return len(await product.states(tenant)) >= ALERTS // 5


async def outbox_is_empty(product: Product) -> bool:
    return await product.rows("SELECT count(*) FROM outbox") == [(0,)]
