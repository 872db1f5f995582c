"""The assistant that answers questions about the plant: people, a dashboard, a nightly batch, load and filter tests."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.random import Generator

from local.telemetry.calendar import HOUR, Day, Rhythm, as_times, at_random, every
from local.telemetry.site import MODELS, Site
from local.telemetry.tables import Block, Column, block

TABLE = "orbital_nl_query_logs"
ANALYST_A_DAY = 12
QUESTIONS = (
    *("What was the corrosion rate of vessel {n} last week?", "Show the yield forecast for unit {n}."),
    *("Which pumps are due for maintenance in the next {n} days?", "Compare energy use of unit {n} with last month."),
    *("Summarise the inspection report of vessel {n}.", "Why did unit {n} trip yesterday evening?"),
    *("Which sensors of unit {n} were recalibrated?", "List alarms of unit {n} by cause."),
)
OPERATIONAL = (  # a plant's people speak of these all day
    *("What is the setpoint of valve V-{n} in winter operation?", "How long may we override alarm A-{n} for a test?"),
    *("Who approved the interlock bypass of pump P-{n} in spring?", "At which pressure does relief valve V-{n} open?"),
)
REPORT = 0.002  # of the questions: with a pasted report
FALSE_FILTER = 0.0006  # of ordinary questions stopped by the safety filter
FALSE_FILTER_OPERATIONAL = 0.01
LOAD_TEST, FILTER_TEST = 1 / 30, 1 / 15  # the chance on a working day


def assistant(site: Site, day: Day) -> Iterator[Block]:
    """``orbital_nl_query_logs``."""
    for person in site.analysts:
        random = site.random("assistant", person.name, day.date.toordinal())
        ts = at_random(random, day, ANALYST_A_DAY * person.pace * random.lognormal(0, 0.3), Rhythm.OFFICE)
        yield asked(site, random, ts, person.name)
    random = site.random("assistant", "services", day.date.toordinal())
    yield asked(site, random, every(random, day, 600, 20), site.account("svc-dashboard"))
    yield asked(site, random, at_random(random, day, 80, Rhythm.NIGHTLY), site.account("svc-batch"))
    yield from _tests(site, day)


def _tests(site: Site, day: Day) -> Iterator[Block]:
    random = site.random("assistant", "tests", day.date.toordinal())
    load, attempts = random.random(2)
    if day.is_off:
        return
    if load < LOAD_TEST:
        start = day.start_us + 13 * HOUR
        yield asked(site, random, as_times(random.integers(start, start + HOUR, 1_500)), site.account("svc-loadtest"))
    if attempts < FILTER_TEST:
        start = day.start_us + 10 * HOUR
        ts = as_times(random.integers(start, start + HOUR, 15))
        yield asked(site, random, ts, site.account("security-test")).replaced(
            safety_filter_triggered=random.random(len(ts)) < 0.8
        )


def asked(site: Site, random: Generator, ts: Column, user: str) -> Block:
    """Ordinary questions of one user, in conversations of about half an hour."""
    count = len(ts)
    operational = random.random(count) < 0.04
    text = np.where(operational, random.choice(OPERATIONAL, count), random.choice(QUESTIONS, count)).tolist()
    numbers = random.integers(1, 60, count).tolist()
    filtered = random.random(count) < np.where(operational, FALSE_FILTER_OPERATIONAL, FALSE_FILTER)
    report = random.random(count) < REPORT
    tokens = np.where(report, random.integers(4_000, 12_000, count), random.lognormal(3.6, 0.5, count)).astype(int)
    half_hours = (ts.astype(np.int64) // (HOUR // 2)).tolist()
    tool = random.choice(('[{"name": "query_readings"}]', "[]"), count, p=(0.6, 0.4)).astype(object)
    tool[filtered] = "[]"
    return block(
        TABLE,
        site.tenant_id,
        ts,
        user_id=user,
        session_id=[f"{user.partition('@')[0]}-{half_hour:x}" for half_hour in half_hours],
        query_text=[one.format(n=number) for one, number in zip(text, numbers, strict=True)],
        response_summary=[f"about {MODELS[number % len(MODELS)]}" for number in numbers],
        tool_calls_made=tool,
        safety_filter_triggered=filtered,
        token_count=tokens,
    )
