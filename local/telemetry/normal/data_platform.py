"""Databricks: engineers at work, nightly jobs, month-end back-fills."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from local.telemetry.calendar import Day, Rhythm, at_random
from local.telemetry.site import DATASETS, TABLES_OF_WORK, Site
from local.telemetry.tables import Block, block

ACTIONS = ("notebookRun", "deltaTableWrite", "deltaDMLEvent", "clusterCreate", "tableRead", "login")
SHARES = (0.34, 0.14, 0.08, 0.04, 0.32, 0.08)
ENGINEER_A_DAY = 45  # audited actions of a typical engineer
ONE_OFF = 0.06  # of an engineer's actions: on something that is not theirs
JOBS = (("svc-etl", TABLES_OF_WORK, 420), ("svc-features", DATASETS, 160), ("svc-retrain", DATASETS, 60))
ONBOARDING = 1 / 40  # the chance that somebody new begins on a day


def data_platform(site: Site, day: Day) -> Iterator[Block]:
    """``databricks_audit``."""
    for person in site.engineers:
        random = site.random("databricks", person.name, day.date.toordinal())
        busy = random.lognormal(0, 0.35) * (2.5 if day.is_last_working_day_of_month else 1.0)
        ts = at_random(random, day, ENGINEER_A_DAY * person.pace * busy, Rhythm.OFFICE)
        theirs = random.choice(person.works, len(ts))
        other = random.choice(TABLES_OF_WORK, len(ts))
        target = np.where(random.random(len(ts)) < ONE_OFF, other, theirs).astype(object)
        action = random.choice(ACTIONS, len(ts), p=SHARES).astype(object)
        cluster = action == "clusterCreate"
        target[cluster] = f"cluster-{person.name.split('@')[0]}"
        yield block(
            "databricks_audit",
            site.tenant_id,
            ts,
            user_id=person.name,
            action=action,
            target_resource=target,
            source_ip=person.address,
            workspace_id=f"ws-{site.name}",
            cluster_name=f"cluster-{person.name.split('@')[0]}",
        )
    yield from _jobs(site, day)
    yield from _newcomer(site, day)


def _jobs(site: Site, day: Day) -> Iterator[Block]:
    for name, tables, rows in JOBS:
        random = site.random("databricks", name, day.date.toordinal())
        back_fill = 4.0 if day.is_last_working_day_of_month else 1.0
        ts = at_random(random, day, rows * back_fill, Rhythm.NIGHTLY)
        yield block(
            "databricks_audit",
            site.tenant_id,
            ts,
            user_id=site.account(name),
            action=random.choice(("deltaTableWrite", "deltaDMLEvent", "notebookRun"), len(ts), p=(0.7, 0.2, 0.1)),
            target_resource=random.choice(tables, len(ts)).astype(object),
            source_ip="10.20.0.5",
            workspace_id=f"ws-{site.name}",
            cluster_name=f"job-{name}",
        )


def _newcomer(site: Site, day: Day) -> Iterator[Block]:
    """Somebody's first day: tutorials, and looking around."""
    random = site.random("databricks", "newcomer", day.date.toordinal())
    if day.is_off or random.random() >= ONBOARDING:
        return
    ts = at_random(random, day, 25, Rhythm.OFFICE)
    yield block(
        "databricks_audit",
        site.tenant_id,
        ts,
        user_id=site.account(f"new-{day.date:%m%d}"),
        action=random.choice(("notebookRun", "tableRead", "login"), len(ts), p=(0.3, 0.6, 0.1)),
        target_resource=random.choice(TABLES_OF_WORK, len(ts)).astype(object),
        source_ip=f"10.29.1.{random.integers(10, 250)}",
        workspace_id=f"ws-{site.name}",
        cluster_name="shared",
    )
