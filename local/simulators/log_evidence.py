"""What the simulated judge takes from the logs, by plain rules: news that names something of the alert, or shows a tool
or change that intruders like. It quotes one cell of a row, and asks for more when nothing decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import re2

from local.simulators.context import LogRow
from local.simulators.evidence import Evidence

QUOTED = 8  # reasons that one verdict takes from the logs
WANTED = 3  # questions of a second round
OF_THE_ALERT = ("ip", "dns", "url", "file", "file_hash")  # kinds that an attacker brings along
_NUMBER_OR_TIME = re2.compile(r"[\d.:T+-]+Z?")
_LIKED = re2.compile(
    r"(?i)\b(?:whoami|nltest|mimikatz|procdump\w*|psexec\w*|net1?\.exe|7z\.exe|rclone|crontab|certutil|kworkerds"
    r"|schtasks\.exe /create|reg\.exe save|set-mppreference|add-mppreference|delete (?:shadows|catalog)|-encodedcommand"
    r"|sh -c|bash /tmp|new-inboxrule|forwardto|consent to application|security info|listkeys|anonymouslinkcreated"
    r"|mailitemsaccessed|unlikelytravel|anomaloustoken|unfamiliarfeatures|1131f6a[ad]|psexesvc|remoteinteractive"
    r"|labels/write|models/write|accepted password|all domain controllers|all groups|clickallowed|\.dmp|\.7z"
    r"|currentversion\\run)"
)


def news(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """(question, quote) of at most QUOTED rows, no question twice before each had its turn, no quote twice."""
    named = {value.casefold() for value in evidence.named(*OF_THE_ALERT)}
    known = _Known(" ".join(evidence.passages).casefold(), _own(evidence.context.log_rows))
    found: dict[str, list[str]] = {}
    quoted: set[str] = set()
    for row in evidence.context.log_rows:
        telling = [cell for cell in row.cells if _LIKED.search(cell) or _value(cell).casefold() in named]
        if not telling or not row.is_news(evidence.time):
            continue
        new = [cell for cell in telling if known.lacks(cell)] or [cell for cell in row.cells if known.lacks(cell)]
        if new and (best := max(new, key=len)) not in quoted:
            quoted.add(best)
            found.setdefault(row.question, []).append(best)
    turns = ((turn, question, cell) for question, cells in found.items() for turn, cell in enumerate(cells))
    for _, question, cell in sorted(turns, key=lambda item: item[0])[:QUOTED]:
        yield question, cell


@dataclass(frozen=True)
class _Known:
    """What the alert says, and cells that name the very things that the logs were asked about."""

    told: str
    own: frozenset[str]

    def lacks(self, cell: str) -> bool:
        """Whether the cell says something new: neither a number nor a time."""
        value = _value(cell)
        return cell not in self.own and value.casefold() not in self.told and not _NUMBER_OR_TIME.fullmatch(value)


def _own(rows: Iterable[LogRow]) -> frozenset[str]:
    asked = {
        "device": ("DeviceName", "Computer"),
        "account": ("UserPrincipalName", "AccountName", "AccountUpn", "UserId"),
    }
    return frozenset(
        cell
        for row in rows
        for thing, columns in asked.items()
        if row.question.endswith(f"_{thing}")
        for cell in row.cells
        if cell.partition(":")[0] in columns
    )


def wishes(evidence: Evidence, offered: Iterable[str]) -> list[str]:
    """Offered questions about the kinds of thing that the alert names, which were not asked yet."""
    kinds = {"account": ("account", "mailbox"), "device": ("host",), "address": ("ip",), "file": ("file",),
             "domain": ("dns", "url")}  # fmt: skip
    named = [name for name, of in kinds.items() if evidence.named(*of)]
    asked = evidence.context.questions
    return [name for name in offered if asked and name not in asked and name.endswith(tuple(named))][:WANTED]


def _value(cell: str) -> str:
    return cell.partition(": ")[2]
