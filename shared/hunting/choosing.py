"""Which questions an alert calls for: the first round by its kind and entities, the second by a model's wish. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from shared.hunting.binding import is_askable
from shared.hunting.question import Question
from shared.hunting.subject import Subject

FIRST_ROUND = 8  # as many answers as a model reads with care beside an alert
SECOND_ROUND = 4
A_TECHNIQUE, A_TACTIC, FOR_ANY = 3, 1, 2  # what each that alert and question share counts, and a question for any alert
SAME_TABLE = 1  # taken off for each question to the same table: different logs say more than one log twice


def first_round(catalogue: Mapping[str, Question], subject: Subject) -> list[Question]:
    """At most FIRST_ROUND questions, the most called-for first. Equal ones go by name."""
    calls = {question.name: _calls(question, subject) for question in catalogue.values()}
    waiting = [q for q in catalogue.values() if calls[q.name] and is_askable(q, subject)]
    chosen: list[Question] = []
    while waiting and len(chosen) < FIRST_ROUND:
        asked = [question.table for question in chosen]
        best = min(waiting, key=lambda q: (SAME_TABLE * asked.count(q.table) - calls[q.name], q.name))
        chosen.append(best)
        waiting.remove(best)
    return chosen


def second_round(
    catalogue: Mapping[str, Question], names: Iterable[str], subject: Subject, *, asked: Collection[str]
) -> list[Question]:
    """At most SECOND_ROUND of the named questions, in their order: known, askable and not asked before."""
    wanted = [catalogue[name] for name in dict.fromkeys(names) if name in catalogue and name not in asked]
    return [question for question in wanted if is_askable(question, subject)][:SECOND_ROUND]


def _calls(question: Question, subject: Subject) -> int:
    """How strongly the alert calls for it; 0: not at all. One that says nothing of its kind calls for all alike."""
    techniques = [name for name in question.techniques if any(_is_of(given, name) for given in subject.techniques)]
    tactics = set(question.tactics) & set(subject.tactics)
    if techniques or tactics:
        return A_TECHNIQUE * len(techniques) + A_TACTIC * len(tactics)
    return FOR_ANY if not question.tactics or not subject.tactics else 0


def _is_of(technique: str, named: str) -> bool:
    return technique == named or technique.startswith(f"{named}.")
