"""Adds up what speaks for an attack and what against, as independent signs: 1 - (1 - a)(1 - b)... (a noisy or).

More of one side never makes that side weaker, and no number of signs makes it certain. Some pieces weigh less: what
only the title says or only a technique id, and the second name for one and the same passage.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import prod

from local.simulators.evidence import Evidence
from local.simulators.log_evidence import news
from local.simulators.signs import ATTACK, INNOCENT, SIGNS, Sign, Weight

IN_THE_TITLE = 0.85  # of a sign's strength: the title is the rule's word for what it looks for
CLASSIFIED = 0.55  # a technique id or a tactic: the rule's classification, and no observation
IN_THE_LOGS = 0.7  # of what stands in the logs, but not in the alert
SAME_PASSAGE = 0.5  # of every sign but the strongest that one passage shows
KNOWN_BAD = 0.5  # a value that threat intelligence knows
SOURCE_VERDICTS = {"malicious": 0.45, "suspicious": 0.2}  # LastVerdict of an entity
CLEAN_VERDICTS = {"clean": 0.3, "nothreatsfound": 0.3, "benign": 0.3, "notathreat": 0.3}
NEWS = 0.09  # a row of the logs that is new and telling
RISKS = {"high": 0.2, "medium": 0.08}
ALWAYS_FALSE = 0.72  # every earlier case of this name was a false positive
ONCE_TRUE = 0.15  # one of them was not
CEILING = 0.98


@dataclass(frozen=True)
class Finding:
    """A sign with the longest passage that shows it, and how much it weighs here."""

    sign: Sign
    quote: str
    strength: float


@dataclass(frozen=True)
class Balance:
    """``attack`` and ``innocent`` are 0 to 1; ``findings`` are the signs behind them, the strongest first."""

    findings: tuple[Finding, ...]
    attack: float
    innocent: float

    def of(self, *weights: Weight) -> tuple[Finding, ...]:
        """The findings of these weights."""
        return tuple(finding for finding in self.findings if finding.sign.weight in weights)


def weigh(evidence: Evidence) -> Balance:
    """Both sides of the evidence."""
    logged = tuple(cell for _, cell in news(evidence))
    findings = tuple(_each_passage_once(_findings(evidence, logged)))
    verdicts = {entity.verdict for entity in evidence.entities}
    context = evidence.context
    attack = [
        *(finding.strength for finding in findings if finding.sign.weight in ATTACK),
        *(KNOWN_BAD for _ in context.known_bad),
        *(SOURCE_VERDICTS.get(verdict, 0.0) for verdict in verdicts),
        *(NEWS for _ in logged),
        RISKS.get(context.risk_state, 0.0),
        ONCE_TRUE if "true_positive" in context.verdicts_on(evidence.title) else 0.0,
    ]
    innocent = [
        *(finding.strength for finding in findings if finding.sign.weight in INNOCENT),
        *(CLEAN_VERDICTS.get(verdict, 0.0) for verdict in verdicts),
    ]
    severe = any(finding.sign.weight is Weight.SEVERE for finding in findings)
    if context.was_always_false(evidence.title) and not context.known_bad and not severe:
        innocent.append(ALWAYS_FALSE)
    return Balance(findings, _either(attack), _either(innocent))


def _findings(evidence: Evidence, logged: tuple[str, ...]) -> Iterable[Finding]:
    """Every sign in the alert, and every sign of an attack in its logs."""
    for sign in SIGNS:
        said = [passage for passage in evidence.passages if sign.is_said_in(passage)]
        observed = [passage for passage in said if not passage.startswith(("{", "["))]
        beyond = [cell for cell in logged if sign.weight in ATTACK and sign.is_said_in(cell)]
        if observed:
            by_title_only = all(passage in evidence.title for passage in observed)
            yield Finding(sign, max(observed, key=len), sign.strength * (IN_THE_TITLE if by_title_only else 1))
        elif beyond:
            yield Finding(sign, max(beyond, key=len), sign.strength * IN_THE_LOGS)
        elif said or sign.shows_in(evidence.techniques):
            yield Finding(sign, said[0] if said else evidence.techniques, sign.strength * CLASSIFIED)


def _each_passage_once(findings: Iterable[Finding]) -> Iterable[Finding]:
    """The findings, the strongest first: two names for one passage are not two observations."""
    seen = set[tuple[str, bool]]()
    for finding in sorted(findings, key=lambda found: -found.strength):
        side = finding.quote, finding.sign.weight in INNOCENT
        yield replace(finding, strength=finding.strength * SAME_PASSAGE) if side in seen else finding
        if finding.sign.weight is not Weight.INDUSTRIAL:
            seen.add(side)


def _either(chances: Iterable[float]) -> float:
    return CEILING * (1 - prod(1 - chance for chance in chances))
