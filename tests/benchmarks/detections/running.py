"""Runs the rules over a stretch of time at their own cadence, with the product's own suppression."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched
from time import monotonic
from typing import Any

from shared.contracts.detection import DetectionResult
from shared.detection.catalogue import Detection, catalogue
from shared.detection.question import Question
from shared.detection.result import result_of
from shared.detection.rule import WATERMARK, Rule, Window
from shared.detection.suppression import news_of
from shared.stores.postgres import Postgres

A_TRANSACTION = 50  # runs
# Minutes between two runs where none of the rule's attacks is under way, by its cadence. Each row is still looked at:
# these windows overlap, or lie end to end at least. It saves four fifths of the time.
ORDINARY = {5: 15, 15: 30, 30: 120, 60: 180}


@dataclass(frozen=True)
class Raised:
    """One alert. ``named`` are the names of what it is about, ``at`` when a timer would have raised it."""

    tenant_id: str
    rule_id: str
    signal: str
    named: frozenset[str]
    at: datetime


Spans = Mapping[str, Sequence[tuple[datetime, datetime]]]


async def raised(
    url: str, tenants: Mapping[str, tuple[datetime, datetime, Spans]], report: Callable[[str], None]
) -> list[Raised]:
    """Every alert of every rule and tenant, from and to the tenant's times.

    ``Spans`` are the times at which each rule runs at its own cadence; at all others it runs at ORDINARY's.
    """
    postgres, two = Postgres(url, pool_size=3, wait_seconds=120), asyncio.Semaphore(2)

    async def one(detection: Detection, tenant: str) -> list[Raised]:
        async with two:
            start, end, spans = tenants[tenant]
            began = monotonic()
            times = moments(detection.rule, start, end, spans.get(detection.rule.rule_id, ()))
            found = [alert async for alert in _of_rule(postgres, detection, tenant, times)]
            spent = monotonic() - began
            report(f"{detection.rule.rule_id} {tenant}: {len(found)} alerts in {len(times)} runs, {spent:.0f} s")
            return found

    try:
        jobs = [one(detection, tenant) for detection in catalogue().values() for tenant in tenants]
        return [alert for found in await asyncio.gather(*jobs) for alert in found]
    finally:
        await postgres.close()


async def _of_rule(
    postgres: Postgres, detection: Detection, tenant: str, times: Sequence[datetime]
) -> AsyncIterator[Raised]:
    rule = detection.rule
    for together in batched(times, A_TRANSACTION, strict=False):
        async with postgres.transaction(tenant) as connection:
            for now in together:
                window = Window.ending(now - WATERMARK, rule)
                bound = {**rule.thresholds, **window.parameters(), "tenant_id": tenant}
                results = [
                    result_of(rule, finding, window, tenant_id=tenant, version=rule.version, thresholds={})
                    for finding in await detection.evaluate(Question(connection, bound))
                    if finding.triggers
                ]
                for _, result in await news_of(connection, rule, results, window.end):
                    yield Raised(tenant, rule.rule_id, result.signal, names(result), now)


def moments(rule: Rule, start: datetime, end: datetime, spans: Sequence[tuple[datetime, datetime]]) -> list[datetime]:
    """When the rule runs from ``start`` up to, but without, ``end``."""
    found: list[datetime] = []
    ordinary = timedelta(minutes=ORDINARY.get(rule.every, rule.every))
    while start < end:
        due = not found or start - found[-1] >= ordinary
        if due or any(first <= start <= last for first, last in spans):
            found.append(start)
        start += timedelta(minutes=rule.every)
    return found


def names(result: DetectionResult) -> frozenset[str]:
    """What the alert is about: its subject and the names of its entities."""
    return frozenset({result.subject, *(name for entity in result.entities for name in _names(entity))})


def _names(entity: Mapping[str, Any]) -> Iterator[str]:
    name = str(entity.get("Name", ""))
    yield f"{name}@{entity['UPNSuffix']}" if entity.get("UPNSuffix") else name
    yield from (str(entity[key]) for key in ("HostName", "AppId") if key in entity)
