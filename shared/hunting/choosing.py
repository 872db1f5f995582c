"""Which questions an alert calls for: the first round by its kind and entities, the second by a model's wish. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from shared.hunting.binding import is_askable
from shared.hunting.question import Question
from shared.hunting.subject import Subject

FIRST_ROUND = 8  # as many answers as a model reads with care beside an alert
SECOND_ROUND = 4
# What it counts that alert and question share a technique or tactic, that the product writes the table, and that a
# question is for any alert.
A_TECHNIQUE, A_TACTIC, ITS_TABLE, FOR_ANY = 3, 1, 2, 2
# Tables by what stands in the name of a product, old or new: what the alert was made from says most about it.
_TABLES = (
    (("identity protection", "entra id"), ("SigninLogs", "AuditLogs")),
    (("cloud app",), ("SigninLogs", "OfficeActivity", "CloudAppEvents")),
    (("defender advanced threat", "for endpoint"), ("DeviceProcessEvents", "DeviceNetworkEvents", "DeviceFileEvents",
                                                    "DeviceLogonEvents", "DeviceRegistryEvents")),
    (("azure advanced threat", "for identity"), ("IdentityLogonEvents", "IdentityQueryEvents", "SecurityEvent")),
    (("office 365",), ("EmailEvents", "UrlClickEvents", "EmailAttachmentInfo")),
    (("security center", "for cloud"), ("AzureActivity", "CommonSecurityLog", "Syslog")),
)  # fmt: skip
SAME_TABLE = 1  # taken off for each question to a table after two: other logs say more than one log again


def first_round(catalogue: Mapping[str, Question], subject: Subject) -> list[Question]:
    """At most FIRST_ROUND questions, the most called-for first; of equal ones the broader, then by name."""
    calls = {question.name: _calls(question, subject) for question in catalogue.values()}
    waiting = [q for q in catalogue.values() if calls[q.name] and is_askable(q, subject)]
    chosen: list[Question] = []

    def rank(question: Question) -> tuple[int, int, str]:
        too_often = max(0, [other.table for other in chosen].count(question.table) - 1)
        return SAME_TABLE * too_often - calls[question.name], -len(question.tactics), question.name

    while waiting and len(chosen) < FIRST_ROUND:
        best = min(waiting, key=rank)
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
    shared = A_TECHNIQUE * len(techniques) + A_TACTIC * len(tactics)
    if not shared:
        shared = FOR_ANY if not question.tactics or not subject.tactics else 0
    product = subject.product.casefold()
    its = any(question.table in tables and any(name in product for name in names) for names, tables in _TABLES)
    return shared + ITS_TABLE * (shared > 0 and its)


def _is_of(technique: str, named: str) -> bool:
    return technique == named or technique.startswith(f"{named}.")
