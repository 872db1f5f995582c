"""Binds values to a question: definitions that stand before its text, which itself never changes.

Log Analytics has no parameters for queries. A value becomes one literal: printable text between double quotes, with
quote and backslash escaped, which KQL and JSON write alike. Nothing else of an alert reaches a query.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.hunting.question import Question
from shared.hunting.subject import LONGEST_VALUE, Subject

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # an alert's time may be anything


def is_askable(question: Question, subject: Subject) -> bool:
    """Whether the alert has a value for everything that the question binds."""
    return all(parameter in subject.values for parameter in question.parameters)


def window(question: Question, subject: Subject) -> tuple[datetime, datetime]:
    """First and last moment that the question is about."""
    at = max(subject.at, EARLIEST)
    before, after = timedelta(hours=question.window.before_hours), timedelta(hours=question.window.after_hours)
    return at - before, at + after


def bound(question: Question, subject: Subject) -> str:
    """The query: a definition a line for the window and for each parameter, then the question's own text."""
    first, last = window(question, subject)
    lines = [f"let From = {time_literal(first)};", f"let To = {time_literal(last)};"]
    for parameter in question.parameters:
        lines.append(f"let {parameter} = dynamic([{', '.join(map(text_literal, subject.values[parameter]))}]);")
    return "\n".join([*lines, question.text])


def time_literal(time: datetime) -> str:
    """A KQL datetime in UTC."""
    return f"datetime({time.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%S.%fZ')})"


def text_literal(value: str) -> str:
    """A KQL string. Raises ValueError for what is not printable or too long: the caller has left it out before."""
    if not value.isprintable() or len(value) > LONGEST_VALUE:
        raise ValueError(f"a value of {len(value)} characters, some not printable, cannot be bound")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
