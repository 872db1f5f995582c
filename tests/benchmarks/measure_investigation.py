"""Investigations beside DBOS, a library of durable workflows, and beside the disk, on one PostgreSQL of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from tests.benchmarks import durable_peers, durable_product
from tests.benchmarks.harness import Bench, Figure, alone_figure, faster
from tests.benchmarks.samples import alert_rows

ONE_BY_ONE = 50  # transitions or steps in a row
PARSED = 310  # alerts
CASES, SIDE_BY_SIDE = 12, 6  # as many cases at once as a process has connections for steps


def transitions(given: dict[str, Any]) -> Callable[[], Any]:
    """See durable_product."""
    return durable_product.transitions(given)


def investigations(given: dict[str, Any]) -> Callable[[], Any]:
    """See durable_product."""
    return durable_product.investigations(given)


def parse_and_enrich(given: dict[str, Any]) -> Callable[[], Any]:
    """See durable_product."""
    return durable_product.parse_and_enrich(given)


def floor(given: dict[str, Any]) -> Callable[[], Any]:
    """See durable_peers."""
    return durable_peers.floor(given)


def dbos_steps(given: dict[str, Any]) -> Callable[[], Any]:
    """See durable_peers."""
    return durable_peers.dbos_steps(given)


def dbos_workflows(given: dict[str, Any]) -> Callable[[], Any]:
    """See durable_peers."""
    return durable_peers.dbos_workflows(given)


def measure(bench: Bench) -> list[Figure]:
    """Steps one after the other, and whole cases side by side."""
    from tests.benchmarks.databases import databases  # noqa: PLC0415 - the peers' side has no product

    with databases() as urls:
        steps = {**asdict(urls), "at_once": ONE_BY_ONE}
        cases = {**asdict(urls), "at_once": CASES, "side_by_side": SIDE_BY_SIDE}
        alone = {**cases, "at_once": 3, "side_by_side": 1}
        enriched = {**asdict(urls), "at_once": PARSED, "rows": [row for row in alert_rows() if row.get("AlertName")]}
        p99 = bench.result("ours", parse_and_enrich, enriched)
        return [
            alone_figure(f"parse and enrich an alert, p99 of {PARSED - 10}", p99, "ms", most=50),
            faster(
                "transitions of a case, one after the other",
                *bench.rates(transitions, dbos_steps, steps, ONE_BY_ONE),
                peer_name="DBOS steps",
                unit="steps/s",
                times=3,
            ),
            faster(
                "transitions of a case, beside a bare durable commit",
                *bench.rates(transitions, floor, steps, ONE_BY_ONE),
                peer_name="floor: one INSERT",
                unit="commits/s",
                times=0.7,
            ),
            faster(
                "whole cases, one after the other",
                *bench.rates(investigations, dbos_workflows, alone, 3),
                peer_name="DBOS workflows of 5 steps",
                unit="cases/s",
                times=1,
            ),
            faster(
                f"whole cases, {SIDE_BY_SIDE} at a time",
                *bench.rates(investigations, dbos_workflows, cases, CASES),
                peer_name="DBOS workflows of 5 steps",
                unit="cases/s",
                times=1,
            ),
        ]
