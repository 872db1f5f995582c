"""A stretch of days of some sites, with the attacks that are planned on them, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from local.telemetry.attacks.attack import Attack
from local.telemetry.calendar import Day
from local.telemetry.normal.alerts import alerts
from local.telemetry.normal.assistant import assistant
from local.telemetry.normal.data_platform import data_platform
from local.telemetry.normal.delivery import delivery
from local.telemetry.normal.gateways import gateways
from local.telemetry.normal.plant import plant
from local.telemetry.site import Site
from local.telemetry.tables import Block

NORMAL = (data_platform, assistant, plant, delivery, gateways, alerts)


def simulated(sites: Sequence[Site], first: date, days: int, attacks: Sequence[Attack] = ()) -> Iterator[Block]:
    """Blocks of all tables, day by day. The same for the same sites, days and attacks, whatever was asked before."""
    for ahead in range(days):
        for site in sites:
            day = Day(first + timedelta(days=ahead), site.zone)
            theirs = [attack for attack in attacks if attack.label.tenant_id == site.tenant_id]
            yield from _one_day(site, day, theirs)


def _one_day(site: Site, day: Day, attacks: Sequence[Attack]) -> Iterator[Block]:
    under_way = [attack for attack in attacks if attack.label.start < day.next.start and attack.label.end > day.start]
    for make in NORMAL:
        for block in make(site, day):
            for attack in under_way:
                block = attack.change(block) if attack.change else block  # noqa: PLW2901 - one change after another
            if len(block):
                yield block
    for attack in under_way:
        yield from attack.rows_of(day)
