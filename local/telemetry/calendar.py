"""When things happen: hours of the day, weekdays and holidays of a site's time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

import numpy as np
from numpy.random import Generator

from local.telemetry.tables import Column

HOUR = 3_600_000_000  # microseconds
DAY = 24 * HOUR
# Of the fixed date only; Easter and the like would need a table a country and change nothing.
HOLIDAYS = frozenset({(1, 1), (5, 1), (10, 3), (12, 24), (12, 25), (12, 26), (12, 31)})

_OFFICE = (*(0.02,) * 6, 0.15, 0.6, 1.2, 1.6, 1.6, 1.3, 0.7, 1.2, 1.5, 1.5, 1.3, 0.9, 0.4, 0.15, 0.1, 0.08, 0.05, 0.03)
_PLANT = (*(0.85,) * 6, *(1.1,) * 8, *(1.05,) * 8, 0.9, 0.9)  # three shifts
_NIGHTLY = (*(0.0,), 1.0, 3.0, 3.0, 1.5, 0.5, *(0.05,) * 18)
_EVEN = (1.0,) * 24


class Rhythm(Enum):
    """The shares of the 24 local hours, and the share of a working day that a day off has."""

    OFFICE = (_OFFICE, 0.06)
    PLANT = (_PLANT, 0.9)
    NIGHTLY = (_NIGHTLY, 0.9)
    EVEN = (_EVEN, 1.0)


@dataclass(frozen=True, slots=True)
class Day:
    """One local day of a site."""

    date: date
    zone: ZoneInfo

    @property
    def start(self) -> datetime:
        """Local midnight in UTC."""
        return datetime.combine(self.date, time.min, self.zone).astimezone(UTC)

    @property
    def start_us(self) -> int:
        """The same in microseconds since 1970."""
        return microseconds(self.start)

    @property
    def next(self) -> Day:
        """The day after."""
        return Day(self.date + timedelta(days=1), self.zone)

    @property
    def is_off(self) -> bool:
        """Weekend or holiday."""
        return self.date.weekday() > 4 or (self.date.month, self.date.day) in HOLIDAYS

    @property
    def is_last_working_day_of_month(self) -> bool:
        """Month-end: data is filled in and closed."""
        later = (self.date + timedelta(days=ahead) for ahead in range(1, 8))
        rest = [day for day in later if day.month == self.date.month]
        return not self.is_off and all(Day(day, self.zone).is_off for day in rest)

    @property
    def is_patch_day(self) -> bool:
        """The second Tuesday of the month."""
        return self.date.weekday() == 1 and 8 <= self.date.day <= 14


def microseconds(moment: datetime) -> int:
    """Since 1970, UTC."""
    return round(moment.timestamp() * 1_000_000)


def as_times(us: Column) -> Column:
    """Microseconds as a column of times, in order."""
    return np.sort(us).astype("datetime64[us]")


def at_random(random: Generator, day: Day, expected: float, rhythm: Rhythm) -> Column:
    """Times of a Poisson process whose rate follows the rhythm; ``expected`` events on a working day."""
    shares, off = rhythm.value
    weights = np.array(shares) / sum(shares)
    count = random.poisson(expected * (off if day.is_off else 1.0))
    hours = random.choice(24, count, p=weights)
    return as_times(day.start_us + ((hours + random.random(count)) * HOUR).astype(np.int64))


def every(random: Generator, day: Day, seconds: int, jitter: float) -> Column:
    """Times of a thing that reports each ``seconds``, give or take ``jitter`` seconds."""
    count = 86_400 // seconds
    ticks = np.arange(count) * seconds + random.random() * seconds / 10 + random.random(count) * jitter
    return as_times(day.start_us + (ticks * 1_000_000).astype(np.int64))


def between(random: Generator, start: datetime, end: datetime, count: int) -> Column:
    """``count`` times, evenly at random."""
    first, last = microseconds(start), microseconds(end)
    return as_times(random.integers(first, max(first + 1, last), count))
