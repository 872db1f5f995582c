"""Asks a question of the catalogue on rows in memory, as the simulated Log Analytics does."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from local.simulators.kql import answer
from shared.hunting.binding import bound
from shared.hunting.question import Parameter, Question
from shared.hunting.subject import Subject

AT = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


def subject(values: Mapping[Parameter, Sequence[str]], *, tactics: Sequence[str] = (), techniques: Sequence[str] = ()
            ) -> Subject:  # fmt: skip
    """An alert at AT that gives these values."""
    return Subject(AT, tuple(tactics), tuple(techniques), "", {name: tuple(given) for name, given in values.items()})


def asked(
    question: Question,
    rows: Sequence[Mapping[str, Any]],
    *,
    values: Mapping[Parameter, Sequence[str]] | None = None,
    before: timedelta = timedelta(minutes=10),
) -> list[dict[str, Any]]:
    """The answer on rows of the question's table; those without a time lie ``before`` the alert."""
    time = (AT - before).strftime("%Y-%m-%dT%H:%M:%S.0000000Z")
    table = [{"TimeGenerated": time, **row} for row in rows for _ in range(row.get("Repeated", 1))]
    return answer(bound(question, subject(values or question.fixtures.values)), {question.table: table})
