"""What was measured, as a table for the terminal and as docs/detections.md with its pictures."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from local.services.site import CHECKOUT
from local.telemetry.attacks.attack import Strength
from local.telemetry.attacks.catalogue import ATTACKS
from shared.detection.catalogue import catalogue
from tests.benchmarks.detections.plots import bars, matrix
from tests.benchmarks.detections.running import ORDINARY
from tests.benchmarks.detections.scoring import Kind, Score, Scores
from tests.benchmarks.detections.world import REPORT_SEEDS, SIZE, TUNING_SEEDS, attacked_days

PAGE = CHECKOUT / "docs/detections.md"
PICTURES = CHECKOUT / "docs/detections"
DRAWN = (Kind.DOCUMENTED, Kind.REC)
MODERATE_RECALL, FALSE_A_DAY, CROSSED = 0.9, 0.1, 0.005  # goals for the repaired signals
HEAD = (
    *("rule", "signal", "blatant", "moderate", "low and slow"),
    *("hours: blatant", "moderate", "low and slow", "precision", "false alerts a day"),
)
# ruff: noqa: E501 - a page's lines are as long as its sentences
ABOUT = """\
# How well the detections work

Written by `make detection-report` on {date}; edit nothing here. No customer's telemetry was at hand: all figures are of
simulated companies, and say how the rules do there and nothing about yours. `aluskort simulate` writes the same
telemetry, so that you can look at it or measure a rule of your own.

**documented** is a rule with the thresholds of its specification. **REC** is what we put beside it where that is weak.
A **variant** is a signal that the specification describes too: `api` of 002, `hash` of 006. All are published, each names
its signal, and a tenant can silence each.

## How it was measured

A company of size {size} lives {learning} days before anything is counted. It exists twice, with the same rows: as it is,
for {days} days; and attacked, for {attacked} days, with each of the ten attacks at each of three strengths, {rounds} of
a kind. So whether an alert is about an attack is read from its labels, and what a rule makes of the same day without
the attack is known. Seeds of the report: {seeds}. Together: {cells} of each attack and strength, and {clean}
ordinary days. A recall of so few attacks is rough. Attacks of weeks are cut off where that is shorter than they last.

No threshold was chosen by looking at these seeds. Whoever tunes a rule takes `{tuning}`
(`python -m tests.benchmarks.detections --tuning`), and the report's seeds are changed should anybody have looked at
single alerts of theirs. The attacks are written from MITRE ATLAS's descriptions, share no code with the rules
(`lint-imports` holds that), and their author knew the specification's thresholds, but neither the rules nor REC's.

Rules run at their own cadence while one of their blatant or moderate attacks is under way. At other times they run less
often, so that each row is still looked at: {ordinary}. Suppression is the product's.
An alert is *about* an attack if it names one of its subjects while the window can hold a row of it. Precision is of the
alerts on the attacked company, which has far more attacks than any real one; false alerts are those on ordinary days.

"""
CALM = """\
## What ordinary days have in them

Nothing of the following is an attack; each is there because it looks like one. Month-end back-fills (four times the
rows), newcomers on their first day, nightly jobs, engineers who read a model's configuration, shift workers, nights on
call; a dashboard that asks every ten minutes, load tests, testers of the safety filter, filters that stop honest
questions about valves, long pasted reports; new model versions with another confidence, changes of grade, restarts of
gateways and of the oracle, calibrations, OPC-UA servers that break the protocol now and then; roll-backs that nobody
approved, refreshed lock files, pipelines without counts of tests or without tests; new certificates and
re-synchronisation at partners; patch days, and real incidents with tens of alerts within an hour. How often is in
`local/telemetry/normal`. Days and weeks have their rhythm in the company's time zone, holidays included.

"""


def show(scores: Scores, screen: Console) -> None:
    """The table, for people who try something."""
    table = Table(*HEAD)
    for row in rows(scores):
        table.add_row(*row)
    screen.print(table)
    for kind in Kind:
        screen.print(f"cross-fire, {kind}: {scores.crossed_share(kind):.2%} {_pairs(scores, kind)}")
    screen.print("\n".join(missed(scores)) or "Every goal is met.")


def rows(scores: Scores) -> Iterator[list[str]]:
    """A row for each rule and kind of signal; for variants only where a rule has one that fired."""
    for rule_id in ATTACKS:
        for kind in Kind:
            one = scores.by_signal[rule_id, kind]
            if kind is Kind.VARIANT and not one.right + one.wrong + one.false_alerts:
                continue
            yield [
                rule_id[-3:],
                kind,
                *(f"{one.found[strength]}/{one.planned[strength]}" for strength in Strength),
                *(_number(one.time_to_detect(strength), 1) for strength in Strength),
                _number(one.precision, 2),
                _number(one.false_a_day, 3),
            ]


def missed(scores: Scores) -> Iterator[str]:
    """The goals that are not met, as sentences."""
    for (rule_id, kind), one in sorted(scores.by_signal.items()):
        if kind is Kind.DOCUMENTED and one.recall(Strength.BLATANT) < 1:
            yield f"- {rule_id}, documented: finds {one.recall(Strength.BLATANT):.0%} of the blatant attacks, not all."
        if kind is Kind.REC and one.recall(Strength.MODERATE) < MODERATE_RECALL:
            yield f"- {rule_id}, REC: finds {one.recall(Strength.MODERATE):.0%} of the moderate attacks, not 90%."
        if kind is Kind.REC and one.false_a_day > FALSE_A_DAY:
            yield f"- {rule_id}, REC: {one.false_a_day:.2f} false alerts a day, not {FALSE_A_DAY:g}."
    share = scores.crossed_share(Kind.REC)
    if share > CROSSED:
        yield f"- Cross-fire of REC: {share:.2%}, not {CROSSED:.1%}."


def write(scores: Scores, days: int, rounds: int) -> None:
    """The page and its pictures."""
    PICTURES.mkdir(exist_ok=True)
    for name, text in _pictures(scores):
        (PICTURES / name).write_text(text)
    cells = scores.by_signal["ATLAS-DETECT-001", Kind.REC].planned[Strength.BLATANT]
    about = ABOUT.format(
        date=datetime.now(UTC).date(),
        size=SIZE,
        learning=30,
        days=days,
        attacked=attacked_days(days),
        rounds=rounds,
        seeds=", ".join(map(str, REPORT_SEEDS)),
        cells=cells,
        clean=days * len(REPORT_SEEDS),
        tuning=f"--seed {TUNING_SEEDS[0]}",
        ordinary=", ".join(f"every {less} minutes instead of {own}" for own, less in ORDINARY.items()),
    )
    PAGE.write_text(about + _results(scores) + _attacks() + CALM.rstrip() + "\n")


def _results(scores: Scores) -> str:
    names = "\n".join(f"- {rule_id[-3:]}: {catalogue()[rule_id].rule.title}" for rule_id in ATTACKS)
    goals = "\n".join(missed(scores)) or "Every goal is met."
    return (
        f"## Results\n\n{_markdown(HEAD, rows(scores))}\nFound of planned attacks, median hours from an attack's "
        "beginning to its first alert, precision, and false alerts a day of one company.\n\n"
        f"{names}\n\n![Recall of moderate attacks](detections/recall.svg)\n\n"
        "![False alerts a day](detections/false-alerts.svg)\n\n"
        f"## Goals that are not met\n\nThe documented rules are to find every blatant attack. The REC signals are to find "
        f"nine of ten moderate ones, with at most {FALSE_A_DAY:g} false alerts a day and rule, and {CROSSED:.1%} cross-fire. "
        f"Low and slow attacks have no goal; the table hides nothing.\n\n{goals}\n\n"
        "## Rules that fire on another's attack\n\nCounted are attacks on which a rule fired that is meant for another, "
        "that named one of the attack's subjects, and that was silent on the same day without the attack. Of all pairs: "
        f"{scores.crossed_share(Kind.DOCUMENTED):.2%} documented, {scores.crossed_share(Kind.REC):.2%} REC. Some are "
        "right in their way: who crafts inputs makes physics checks fail.\n\n"
        "![Cross-fire of the documented signals](detections/cross-fire-documented.svg)\n\n"
        "![Cross-fire of the REC signals](detections/cross-fire-rec.svg)\n\n"
    )


def _attacks() -> str:
    parts = ["## The attacks\n"]
    for rule_id, make in ATTACKS.items():
        parts.append(
            f"**{rule_id[-3:]} {make.__name__.replace('_', ' ')}.** {' '.join((inspect.getdoc(make) or '').split())}\n"
        )
    return "\n".join(parts) + "\n"


def _pictures(scores: Scores) -> Iterator[tuple[str, str]]:
    def of_rules(value: str) -> list[tuple[str, list[float]]]:
        return [
            (
                f"{rule_id[-3:]} {catalogue()[rule_id].rule.title}",
                [_value(scores.by_signal[rule_id, one], value) for one in DRAWN],
            )
            for rule_id in ATTACKS
        ]

    yield "recall.svg", bars("Recall of moderate attacks", of_rules("recall"), DRAWN, most=1)
    yield "false-alerts.svg", bars("False alerts a day", of_rules("false"), DRAWN, most=2)
    for kind in DRAWN:
        cells = {(attack, rule): float(count) for (attack, rule, one), count in scores.crossed.items() if one is kind}
        title = "Attack (row) on which another rule (column) fired"
        yield f"cross-fire-{kind.lower()}.svg", matrix(title, list(ATTACKS), cells)


def _value(one: Score, what: str) -> float:
    return one.recall(Strength.MODERATE) if what == "recall" else one.false_a_day


def _pairs(scores: Scores, kind: Kind) -> str:
    pairs = ((attack[-3:], rule[-3:], count) for (attack, rule, one), count in scores.crossed.items() if one is kind)
    return ", ".join(f"{rule} on {attack}: {count}" for attack, rule, count in sorted(pairs))


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _markdown(head: Sequence[str], body: Iterator[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
