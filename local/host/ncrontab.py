"""NCRONTAB schedules, "{second} {minute} {hour} {day} {month} {day-of-week}", in UTC.

Five fields are accepted too, with second 0. As NCrontab has it, day and day-of-week must both match.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.errors import ConfigurationError

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
# A schedule that never comes (30 February) is found after eight years: 29 February may skip one leap year in a century.
_HORIZON = timedelta(days=8 * 366)


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    def number(self, text: str) -> int:
        for index, name in enumerate(self.names):
            if text.lower()[:3] == name and text.isalpha():
                return index + self.low
        value = int(text) if text.isascii() and text.isdecimal() else -1
        if self.name == "day-of-week" and value == 7:
            return 0
        if not self.low <= value <= self.high:
            raise ValueError(f"{self.name}: got {text!r}, expected {self.low} to {self.high}")
        return value

    def read(self, text: str) -> frozenset[int]:
        values: set[int] = set()
        for part in text.split(","):
            span, slash, step_text = part.partition("/")
            step = int(step_text) if step_text.isascii() and step_text.isdecimal() else 0
            if slash and step < 1:
                raise ValueError(f"{self.name}: got step {step_text!r}, expected 1 or more")
            first, dash, last = span.partition("-")
            if span == "*":
                low, high = self.low, self.high
            elif dash:
                low, high = self.number(first), self.number(last)
                if self.name == "day-of-week" and high == 0:
                    high = 7  # "fri-sun" ends on a Sunday, which is day 0 as well
                if low > high:
                    raise ValueError(f"{self.name}: got range {span!r}, expected its first value not above its last")
            else:
                low = self.number(span)
                high = self.high if slash else low
            values.update(range(low, high + 1, step or 1))
        return frozenset(0 if self.name == "day-of-week" and value == 7 else value for value in values)


_FIELDS = (
    _Field("second", 0, 59),
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day-of-week", 0, 6, _DAYS),
)


class Schedule:
    """A parsed schedule; ConfigurationError names the wrong field."""

    def __init__(self, text: str) -> None:
        fields = text.split()
        if len(fields) == 5:
            fields = ["0", *fields]
        if len(fields) != 6:
            raise ConfigurationError(f"Schedule {text!r}: got {len(fields)} fields, expected six (or five).")
        try:
            parsed = [field.read(given) for field, given in zip(_FIELDS, fields, strict=True)]
        except ValueError as error:
            raise ConfigurationError(f"Schedule {text!r}, {error}.") from error
        self._seconds, self._minutes, self._hours, self._days, self._months, self._weekdays = parsed
        try:
            self.next_after(datetime(2000, 1, 1, tzinfo=UTC))
        except LookupError as error:
            raise ConfigurationError(f"Schedule {text!r} never comes.") from error

    def next_after(self, moment: datetime) -> datetime:
        """The first time strictly after `moment`; both are aware, the answer is in UTC with whole seconds."""
        found = moment.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
        limit = found + _HORIZON
        while found < limit:
            if found.month not in self._months:
                found = (found.replace(day=1, hour=0, minute=0, second=0) + timedelta(days=32)).replace(day=1)
            elif found.day not in self._days or found.isoweekday() % 7 not in self._weekdays:
                found = found.replace(hour=0, minute=0, second=0) + timedelta(days=1)
            elif found.hour not in self._hours:
                found = found.replace(minute=0, second=0) + timedelta(hours=1)
            elif found.minute not in self._minutes:
                found = found.replace(second=0) + timedelta(minutes=1)
            elif found.second not in self._seconds:
                found += timedelta(seconds=1)
            else:
                return found
        raise LookupError("no such time")
