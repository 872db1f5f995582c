"""The alerts that reach the SOC: a few families make most of them; patch days and real incidents make many at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.random import Generator

from local.telemetry.calendar import HOUR, Day, Rhythm, as_times, at_random
from local.telemetry.site import Site, digest
from local.telemetry.tables import Block, Column, block

A_DAY = 45  # at size 1.0
FAMILIES = (
    *("Suspicious sign-in", "Malware prevented", "Phishing mail reported", "Unusual process", "Port scan"),
    *("Impossible travel", "Mass file deletion", "New inbox rule", "Unsigned driver", "Anonymous proxy"),
    *("Software installed outside the window", "Service account at a new host", "OT asset scan", "Data upload"),
)
SHARES = np.array([1 / (place + 1.5) for place in range(len(FAMILIES))])
SOURCES = ("sentinel", "defender", "elastic")
INCIDENT = 1 / 30  # the chance of a real incident on a day: tens of alerts within an hour


def alerts(site: Site, day: Day) -> Iterator[Block]:
    """What rule 008 counts."""
    random = site.random("alerts", day.date.toordinal())
    ts = at_random(random, day, A_DAY * len(site.analysts) / 30, Rhythm.PLANT)
    yield raised(site, random, ts, random.choice(FAMILIES, len(ts), p=SHARES / SHARES.sum()).astype(object))
    if day.is_patch_day:
        ts = at_random(random, day, A_DAY, Rhythm.OFFICE)
        yield raised(site, random, ts, np.full(len(ts), FAMILIES[10], dtype=object))
    if random.random() < INCIDENT:
        start = day.start_us + random.integers(0, 23 * HOUR)
        ts = as_times(random.integers(start, start + HOUR, int(random.integers(10, 25))))
        yield raised(site, random, ts, random.choice(FAMILIES, len(ts)).astype(object))


def raised(site: Site, random: Generator, ts: Column, titles: Column) -> Block:
    """One alert a time."""
    severity = random.choice(
        ("informational", "low", "medium", "high", "critical"), len(ts), p=(0.1, 0.35, 0.35, 0.17, 0.03)
    )
    source = random.choice(SOURCES, len(ts), p=(0.6, 0.3, 0.1)).astype(object)
    names = [
        f"sim-{digest(site.tenant_id, int(one), title)[:24]}"
        for one, title in zip(ts.astype(np.int64), titles, strict=True)
    ]
    return block(
        "alerts",
        site.tenant_id,
        ts,
        alert_id=names,
        source=source,
        alert_title=titles,
        severity=severity.astype(object),
    )
