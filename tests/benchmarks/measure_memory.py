"""Incident memory: how well alerts find earlier incidents of their kind, and how long that takes among 100,000.

Both on the local vector store, over HTTP as the product asks it: Qdrant Edge has the engine of the Qdrant server.
"""

from __future__ import annotations

import asyncio
import os
import random
from statistics import quantiles
from time import perf_counter

from local.services.guard import guarded
from local.services.qdrant import Qdrant as Service
from local.services.service import ensure
from shared.knowledge.sparse import sparse_vector
from shared.stores.qdrant import Point, Qdrant
from tests.benchmarks.harness import ROOT, Bench, Figure, alone_figure
from tests.benchmarks.retrieval import BEST, alerts, incidents, quality

INCIDENTS, TENANTS, QUERIES = 100_000, 10, 400
CANDIDATES = 20
MOST_MILLISECONDS = 50.0


def _text(row: dict[str, object]) -> str:
    return " ".join([str(row["alert_name"]), str(row["text"]), *row["techniques"], *row["entities"]])  # type: ignore[misc]


async def _found(qdrant: Qdrant) -> list[list[str]]:
    points = [Point(row["incident"], sparse_vector(_text(row))) for row in incidents()]
    await qdrant.upsert("quality", tenant_id="t", points=points)
    found = []
    for row in alerts():
        hits = await qdrant.search("quality", tenant_id="t", vector=sparse_vector(_text(row)), limit=BEST)
        found.append([payload["doc_id"] for _, payload in hits])
    return found


async def _milliseconds(qdrant: Qdrant) -> list[float]:
    """Each incident is a few of the set's sentences with a host and an address of its own."""
    chance, texts = random.Random(1), [_text(row) for row in incidents()]

    def invented(number: int) -> str:
        host, address = f"ws-{number % 5_000:04}.northlight.example", f"10.{number % 200}.{number % 97}.{number % 251}"
        return " ".join([*chance.sample(texts, 2), host, address])

    for tenant in range(TENANTS):
        points = [
            Point(str(number), sparse_vector(invented(number)), {"summary": invented(number)})
            for number in range(tenant, INCIDENTS, TENANTS)
        ]
        await qdrant.upsert("speed", tenant_id=f"tenant-{tenant}", points=points)
    times = []
    for number in range(QUERIES):
        vector = sparse_vector(invented(number))
        begun = perf_counter()
        await qdrant.search("speed", tenant_id=f"tenant-{number % TENANTS}", vector=vector, limit=CANDIDATES)
        times.append((perf_counter() - begun) * 1_000)
    return times


def measure(bench: Bench) -> list[Figure]:
    """Recall and MRR of the test set; the 95th percentile of a search."""
    with guarded(ROOT / ".local" / "tests" / f"{os.getpid()}-memory") as site:
        service = Service(site)
        ensure(service, site)

        async def run() -> tuple[list[list[str]], list[float]]:
            qdrant = Qdrant.connect(url=service.url())
            try:
                return await _found(qdrant), await _milliseconds(qdrant)
            finally:
                await qdrant.close()

        found, times = asyncio.run(run())
    reached, p95 = quality(found), quantiles(times, n=20)[18]
    return [
        alone_figure(f"incident memory, recall of {len(found)} alerts' two incidents among {BEST}", reached.recall, ""),
        alone_figure(f"incident memory, mean reciprocal rank of {len(found)} alerts", reached.mrr, ""),
        alone_figure(f"incident memory, p95 among {INCIDENTS:,} incidents", p95, "ms", most=MOST_MILLISECONDS),
    ]
