"""Attacks on training data and on a model's artefacts: poisoning (AML.T0020), collection (AML.T0035)."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
from numpy.random import Generator

from local.telemetry.attacks.attack import Attack, Label, Strength
from local.telemetry.calendar import Day, as_times, between
from local.telemetry.normal.gateways import artefact_sizes, called
from local.telemetry.site import ARTEFACTS, DATASETS, Person, Site
from local.telemetry.tables import Block, Column, block


def working_days(day: Day, count: int) -> list[Day]:
    """``count`` working days from ``day`` on."""
    found: list[Day] = []
    while len(found) < count:
        if not day.is_off:
            found.append(day)
        day = day.next
    return found


def office(random: Generator, days: list[Day], a_day: int) -> Column:
    """Times among a person's ordinary work: ``a_day`` on each day, between 9 and 17."""
    return as_times(
        np.concatenate(
            [
                between(random, day.start + timedelta(hours=9), day.start + timedelta(hours=17), a_day).astype(np.int64)
                for day in days
            ]
        )
    )


def ends(day: Day, first: float, last: float) -> tuple[datetime, datetime]:
    """From hour ``first`` to hour ``last`` of the day."""
    return day.start + timedelta(hours=first), day.start + timedelta(hours=last)


def poisoning(site: Site, day: Day, strength: Strength, random: Generator) -> Attack:
    """An engineer's account changes training data, so that the next training learns something false.

    Blatant: a stolen account rewrites every training table in one night. Moderate: the tables of three models within
    an afternoon. Low and slow: an insider turns a few labels of one model over, every working day for three weeks.
    """
    person: Person = site.engineers[int(random.integers(len(site.engineers)))]
    targets: tuple[str, ...]
    if strength is Strength.BLATANT:
        start, end = ends(day, 2, 4)
        ts, targets, address = between(random, start, end, 600), DATASETS, "203.0.113.77"
    elif strength is Strength.MODERATE:
        start, end = ends(day, 12, 18)
        targets, address = DATASETS[:9], "198.51.100.23"
        ts = between(random, start, end, 180)
    else:
        days = working_days(day, 15)
        ts, targets, address = office(random, days, 6), DATASETS[1:2], person.address
        start, end = days[0].start, days[-1].next.start
    rows = block(
        "databricks_audit",
        site.tenant_id,
        ts,
        user_id=person.name,
        action=random.choice(("deltaTableWrite", "deltaDMLEvent"), len(ts), p=(0.4, 0.6)).astype(object),
        target_resource=random.choice(targets, len(ts)).astype(object),
        source_ip=address,
        workspace_id=f"ws-{site.name}",
        cluster_name=f"cluster-{person.name.split('@')[0]}",
    )
    what = f"{len(ts)} writes to {len(targets)} tables of training data"
    label = Label("ATLAS-DETECT-001", "AML.T0020", strength, site.tenant_id, (person.name,), start, end, what)
    return Attack(label, (rows,))


def collection(site: Site, day: Day, strength: Strength, random: Generator) -> Attack:
    """An insider collects models, configurations and training data to take them out.

    Blatant: everything, in the night before leaving. Moderate: the models of interest, in one evening. Low and slow:
    a piece a day among ordinary work, for four weeks.
    """
    person: Person = site.callers[int(random.integers(len(site.callers)))]
    endpoints: tuple[str, ...]
    if strength is Strength.BLATANT:
        start, end = ends(day, 1, 4)
        ts, endpoints = between(random, start, end, 400), ARTEFACTS
    elif strength is Strength.MODERATE:
        start, end = ends(day, 17, 23)
        ts, endpoints = between(random, start, end, 60), ARTEFACTS[:4]
    else:
        days = working_days(day, 20)
        ts, endpoints = office(random, days, 2), ARTEFACTS[2:3]
        start, end = days[0].start, days[-1].next.start
    rows = _fetched(site, random, ts, person, endpoints)
    total = int(rows.columns["response_payload_size"].sum()) // 1_000_000
    what = f"{len(ts)} fetches of {len(endpoints)} kinds of artefacts, {total:,} MB"
    label = Label("ATLAS-DETECT-007", "AML.T0035", strength, site.tenant_id, (person.name,), start, end, what)
    return Attack(label, (rows,))


def _fetched(site: Site, random: Generator, ts: Column, person: Person, endpoints: tuple[str, ...]) -> Block:
    endpoint = random.choice(endpoints, len(ts)).astype(object)
    return called(site, random, ts, person, endpoint).replaced(
        method=np.full(len(ts), "GET", dtype=object),
        response_code=np.full(len(ts), 200),
        response_payload_size=artefact_sizes(random, endpoint),
    )
