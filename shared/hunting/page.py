"""The catalogue as people read it, in Markdown. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from shared.hunting.question import Question


def table(questions: Iterable[Question]) -> str:
    """One line a question."""
    lines = ["| question | asks | table | about | window | rows |", "|---|---|---|---|---|---|"]
    for item in questions:
        before, after = item.window.before_hours, item.window.after_hours
        about = ", ".join(item.entities)
        lines.append(
            f"| `{item.name}` | {item.purpose} | {item.table} | {about} | -{before} h, +{after} h | {item.rows} |"
        )
    return "\n".join(lines)


def one(question: Question) -> str:
    """A question whole, without its fixtures."""
    tactics = ", ".join(question.tactics) or "any alert"
    called = ", ".join([tactics, *question.techniques])
    bounds = f"{question.rows} rows, {question.seconds} s of the service"
    return "\n\n".join(
        [
            f"# {question.name}",
            question.purpose,
            f"A row means: {question.means}",
            f"Called for by: {called}. Bounds: {bounds}.",
            f"```\n{question.text}\n```",
        ]
    )
