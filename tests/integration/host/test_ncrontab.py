"""NCRONTAB schedules: the next occurrence, and refusals."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from local.host.ncrontab import Schedule
from shared.errors import ConfigurationError

MONDAY = "2026-11-23T10:00:00"


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        ("* * * * * *", MONDAY, "2026-11-23T10:00:01"),
        ("*/30 * * * * *", MONDAY, "2026-11-23T10:00:30"),
        ("0 */5 * * * *", MONDAY, "2026-11-23T10:05:00"),
        ("*/5 * * * *", MONDAY, "2026-11-23T10:05:00"),
        ("0 0 10 * * *", MONDAY, "2026-11-24T10:00:00"),
        ("0 30 9 * * 1-5", "2026-11-27T10:00:00", "2026-11-30T09:30:00"),
        ("0 0 9 * * mon,wed", MONDAY, "2026-11-25T09:00:00"),
        ("0 0 9 * * Fri-Sun", "2026-11-29T09:00:00", "2026-12-04T09:00:00"),
        ("0 0 0 * * 7", MONDAY, "2026-11-29T00:00:00"),
        ("0 0 0 1 JAN *", MONDAY, "2027-01-01T00:00:00"),
        ("0 0 0 29 2 *", MONDAY, "2028-02-29T00:00:00"),
        ("0 0 0 13 * 5", MONDAY, "2027-08-13T00:00:00"),
        ("10-20/5 * * * * *", "2026-11-23T10:00:15", "2026-11-23T10:00:20"),
        ("0 15/20 * * * *", MONDAY, "2026-11-23T10:15:00"),
        ("0 59 23 31 12 *", "2026-12-31T23:59:00", "2027-12-31T23:59:00"),
    ],
)
def test_schedule_gives_the_next_occurrence(schedule: str, after: str, expected: str) -> None:
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    assert Schedule(schedule).next_after(moment) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_schedule_reads_other_time_zones_as_the_same_moment() -> None:
    assert Schedule("0 0 * * * *").next_after(datetime.fromisoformat("2026-11-23T10:30:00+05:30")) == datetime(
        2026, 11, 23, 6, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("schedule", "complaint"),
    [
        ("* * * *", "got 4 fields"),
        ("60 * * * * *", "second: got '60', expected 0 to 59"),
        ("0 0 0 0 * *", "day: got '0'"),
        ("0 */0 * * * *", "minute: got step '0'"),
        ("0 5-1 * * * *", "minute: got range '5-1'"),
        ("0 0 0 * foo *", "month: got 'foo'"),
        ("0 0 0 30 2 *", "never comes"),
        ("", "got 0 fields"),
    ],
)
def test_schedule_that_is_wrong_is_refused_by_field(schedule: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint.replace("*", r"\*")):
        Schedule(schedule)
