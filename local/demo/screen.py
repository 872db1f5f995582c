"""The demo on a person's screen: critical first, three lines a case, attackers' addresses defanged, cuts marked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Column, Table
from rich.text import Text

from local.demo.answers import Answer
from local.demo.report import AlertLine
from shared.contracts.action import HARMLESS
from shared.contracts.defang import defanged

SHOWN = 8  # cases; with everything else at most sixty lines
SEVERITIES = ("critical", "high", "medium", "low", "informational")
COLOURS = {"true_positive": "red", "false_positive": "green", "benign_true_positive": "green"}
BENIGN = frozenset({"false_positive", "benign_true_positive"})
DRY_RUN = "dry_run"


def in_order(lines: Sequence[AlertLine]) -> list[AlertLine]:
    """What may be an attack first, then by the verdict's severity and how sure it is."""

    def place(line: AlertLine) -> tuple[bool, int, float, str]:
        return line.verdict in BENIGN, SEVERITIES.index(line.verdict_severity), -line.confidence, line.alert

    return sorted(lines, key=place)


def table_of(lines: Sequence[AlertLine], *, full: bool) -> Table:
    """Three lines a case; without ``full`` each is cut to the width and marked with an ellipsis."""
    column = Column(overflow="fold") if full else Column(overflow="ellipsis", no_wrap=True, ratio=1)
    table = Table.grid(Column(no_wrap=True), Column(no_wrap=True), column, padding=(0, 2, 0, 0), expand=not full)
    for line in lines:
        verdict = Text(f"{_words(line.verdict)} {line.confidence:.2f}", style=COLOURS.get(line.verdict, "yellow"))
        table.add_row(
            Text(line.verdict_severity, style="bold"), verdict, Text(defanged(line.alert, line.known_bad), style="bold")
        )
        table.add_row("", Text("why", style="dim"), Text(defanged(line.why, line.known_bad), style="dim"))
        table.add_row(
            "", Text(_words(line.outcome), style="dim"), Text(defanged(actions_of(line), line.known_bad), style="dim")
        )
    return table


def actions_of(line: AlertLine) -> str:
    """What was done, and what was proposed and was not; of harmless actions, which come last, only their kind."""
    done = sorted((_parts(text) for text in line.carried_out), key=lambda one: (one[0] in HARMLESS, one))
    proposed = [_parts(f"{text}: ") for text in line.actions]
    by_status: dict[str, list[str]] = {}
    for name, target, status in done:
        by_status.setdefault(status, []).append(_named(name, target))
    taken = {(name, target) for name, target, _ in done}
    left = [_named(name, target) for name, target, _ in proposed if (name, target) not in taken]
    said = [f"{_words(status)}: {', '.join(dict.fromkeys(named))}" for status, named in by_status.items()]
    if left:
        said.append(f"not carried out: {', '.join(dict.fromkeys(left))}")
    return "; ".join(said) or "no action proposed"


def counted(lines: Sequence[AlertLine]) -> str:
    """Cases by how they ended."""
    found = Counter(_words(line.outcome) for line in lines)
    return ", ".join(f"{count} {outcome}" for outcome, count in found.most_common())


def ending(lines: Sequence[AlertLine], report: Mapping[str, Any]) -> str:
    """What a run came to, in Rich's markup."""
    audit, times, simulated = report["audit"], report["timings_ms"], report["model_provider"] == "simulated"
    actions = [action for line in lines for action in line.carried_out]
    dry = sum(action.endswith(f": {DRY_RUN}") for action in actions)
    state = "[green]valid[/]" if audit["chains_valid"] else "[red]BROKEN[/]"
    said = [
        f"{len(lines)} alerts: {counted(lines)}; {len(report['dead_letters'])} unreadable messages kept (`aluskort dlq"
        " list`).",
        f"{len(actions)} actions carried out, {dry} of them as a dry run: nothing outside was changed.",
        f"Audit: {audit['records']} records in {audit['tenants']} chain, {state}.",
        f"Time to a verdict: median {times['triage_p50'] / 1000:.1f} s, 95 % within {times['triage_p95'] / 1000:.1f} s."
        f" Model calls: USD {sum(line.cost_usd for line in lines):.2f}{' (simulated)' if simulated else ''}.",
    ]
    if simulated:
        said.append("[yellow]The verdicts come from a simulated model with plain rules; Claude was not called.[/]")
    return "\n".join(said)


def answers_table(answers: Sequence[Answer], titles: Mapping[str, str], *, full: bool) -> Table:
    """The answers that took judgement, all of them when ``full``; a cut is marked by an ellipsis."""
    column = Column(overflow="fold") if full else Column(overflow="ellipsis", no_wrap=True, ratio=1)
    table = Table.grid(Column(no_wrap=True), column, padding=(0, 2, 0, 0), expand=not full)
    for answer in answers:
        if full or answer.word in {"rejected", "granted in part"}:
            why = f": {answer.why}" if answer.why else ""
            table.add_row(f"  {answer.word}", Text(defanged(f"{titles[answer.investigation_id]}{why}")))
    return table


def _parts(text: str) -> tuple[str, str, str]:
    """Action, target and status of ``action target: status``."""
    action, _, rest = text.partition(" ")
    target, _, status = rest.rpartition(": ")
    return action, target, status


def _named(name: str, target: str) -> str:
    return _words(name) if name in HARMLESS else f"{_words(name)} {target}"


def _words(name: str) -> str:
    return name.replace("_", " ")
