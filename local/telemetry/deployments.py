"""When a site's models get new versions, which the registry, the pipelines and the nodes must agree on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from local.telemetry.calendar import Day
from local.telemetry.site import Site, digest

FIRST_WEEK = date(2024, 1, 1)  # a Monday; versions are counted from here
A_WEEK = 0.15  # the chance of a new version of one model in one week
ROLLED_BACK = 0.1  # of the new versions; within minutes, before a node has fetched it
ROLL_OUT = timedelta(minutes=90)  # until the last node runs it


@dataclass(frozen=True, slots=True)
class Deployment:
    """A version of a model that goes to production at ``at`` (UTC)."""

    model: str
    version: int
    at: datetime
    rolled_back: bool


@lru_cache(maxsize=50_000)
def _of_week(site: Site, model: str, week: int) -> tuple[date, timedelta, bool] | None:
    """Day, time of day and whether it is rolled back. Nothing is deployed on a holiday."""
    random = site.random("deployment", model, week)
    if random.random() >= A_WEEK:
        return None
    on = FIRST_WEEK + timedelta(weeks=week, days=int(random.integers(1, 4)))
    at, failed = timedelta(hours=float(random.uniform(9, 14))), bool(random.random() < ROLLED_BACK)
    return None if Day(on, site.zone).is_off else (on, at, failed)


@lru_cache(maxsize=50_000)
def _versions_before(site: Site, model: str, week: int) -> int:
    if week <= 0:
        return 1
    of_week = _of_week(site, model, week - 1)
    return _versions_before(site, model, week - 1) + int(of_week is not None and not of_week[2])


def deployment(site: Site, model: str, day: Day) -> Deployment | None:
    """The version of ``model`` that goes to production on ``day``, if one does."""
    week = (day.date - FIRST_WEEK).days // 7
    found = _of_week(site, model, week)
    if found is None or day.date != found[0]:
        return None
    return Deployment(model, _versions_before(site, model, week) + 1, day.start + found[1], found[2])


def version_at_start(site: Site, model: str, day: Day) -> int:
    """The version in production when ``day`` begins."""
    week = (day.date - FIRST_WEEK).days // 7
    version = _versions_before(site, model, week)
    for before in range(day.date.weekday()):
        earlier = deployment(site, model, Day(day.date - timedelta(days=before + 1), day.zone))
        version += int(earlier is not None and not earlier.rolled_back)
    return version


def weights(site: Site, model: str, version: int) -> str:
    """SHA-256 of that version's weights."""
    return digest(site.name, site.seed, model, version)
