"""A stretch of days of some sites, with the attacks that are planned on them, block by block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

import numpy as np

from local.telemetry.attacks.attack import Attack
from local.telemetry.calendar import Day, microseconds
from local.telemetry.normal.alerts import alerts
from local.telemetry.normal.assistant import assistant
from local.telemetry.normal.data_platform import data_platform
from local.telemetry.normal.delivery import delivery
from local.telemetry.normal.gateways import gateways
from local.telemetry.normal.plant import plant
from local.telemetry.site import Site, site
from local.telemetry.tables import Block

NORMAL = (data_platform, assistant, plant, delivery, gateways, alerts)
COMPANIES = (
    ("northlight", "Europe/Berlin", 1.0),
    ("southport", "America/Chicago", 0.6),
    ("eastmill", "Asia/Tokyo", 0.4),
)


def companies(count: int, seed: int, *, size: float = 1.0, tenant_id: str = "") -> list[Site]:
    """The first ``count`` of COMPANIES, ``size`` times as large. The first has ``tenant_id``, if given."""
    return [
        site(name, zone, share * size, seed, tenant_id=tenant_id if not place else "")
        for place, (name, zone, share) in enumerate(COMPANIES[:count])
    ]


def until(blocks: Iterable[Block], moment: datetime) -> Iterator[Block]:
    """The rows before ``moment``: of today, what has happened already."""
    for block in blocks:
        happened = block.columns["ts"].astype(np.int64) < microseconds(moment)
        if happened.any():
            yield block if happened.all() else block.where(happened)


def simulated(sites: Sequence[Site], first: date, days: int, attacks: Sequence[Attack] = ()) -> Iterator[Block]:
    """Blocks of all tables, day by day. The same for the same sites, days and attacks, whatever was asked before."""
    for ahead in range(days):
        for company in sites:
            day = Day(first + timedelta(days=ahead), company.zone)
            theirs = [attack for attack in attacks if attack.label.tenant_id == company.tenant_id]
            yield from _one_day(company, day, theirs)


def _one_day(company: Site, day: Day, attacks: Sequence[Attack]) -> Iterator[Block]:
    under_way = [attack for attack in attacks if attack.label.start < day.next.start and attack.label.end > day.start]
    for make in NORMAL:
        for block in make(company, day):
            for attack in under_way:
                block = attack.change(block) if attack.change else block  # noqa: PLW2901 - one change after another
            if len(block):
                yield block
    for attack in under_way:
        yield from attack.rows_of(day)
