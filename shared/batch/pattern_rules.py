"""When people's dispositions are enough for a pattern, and what a pattern may say. Pure.

Whoever can raise alerts could teach us to ignore him. So many look-alike alerts count as one, as one tired analyst does
and one day; the condition must hold an asset of our own, as an attacker names addresses, files and processes as he
likes; and values are literals that every confirmed case has, whatever a model proposes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass

import re2

from shared.contracts.batch import EntityPattern, FPPattern
from shared.contracts.batch_answers import EntityCondition, PatternProposal
from shared.contracts.entity import EntityType
from shared.contracts.judged_case import JudgedCase
from shared.errors import InvalidInput
from shared.knowledge.fp_patterns import fits

LEAST_CASES = 3
LEAST_ANALYSTS = 2
LEAST_DAYS = 3
MOST_VALUES = 5  # of one kind: a longer list is a rule for everybody
MOST_SHARE = 0.2  # of all alerts that a pattern may explain
LEAST_ALERTS = 20  # before a share says anything
OF_OUR_OWN = frozenset({EntityType.HOST, EntityType.ACCOUNT, EntityType.MAILBOX})
CONFIDENCE = 0.95  # two people approved it; a contradiction takes it below what closes an alert


def counted(cases: Iterable[JudgedCase]) -> list[JudgedCase]:
    """The confirmations that count: one an incident, and one an analyst and day."""
    seen: set[tuple[str, str]] = set()
    found = []
    for case in sorted(cases, key=lambda case: case.decided_at):
        if case.disposition != "false_positive":
            continue
        keys = {("incident", case.incident_id or case.investigation_id), (case.decided_by, case.decided_at[:10])}
        if not keys & seen:
            seen |= keys
            found.append(case)
    return found


def not_enough(cases: Sequence[JudgedCase]) -> str:
    """Why these cases of one rule are not enough for a pattern; empty when they are."""
    if attacks := sum(case.was_an_attack for case in cases):
        return f"{attacks} of the rule's cases were attacks"
    kept = counted(cases)
    analysts, days = len({case.decided_by for case in kept}), len({case.decided_at[:10] for case in kept})
    if len(kept) < LEAST_CASES or analysts < LEAST_ANALYSTS or days < LEAST_DAYS:
        return (
            f"{len(kept)} confirmation(s) count, of {analysts} analyst(s) on {days} day(s); needed are "
            f"{LEAST_CASES} of {LEAST_ANALYSTS} on {LEAST_DAYS}"
        )
    return ""


def common_entities(cases: Sequence[JudgedCase]) -> dict[EntityType, list[str]]:
    """By kind, the values of which every case has one; kinds with too many values are left out."""
    kinds = set.intersection(*({entity.entity_type for entity in case.entities.all()} for case in cases))
    found = {}
    for kind in sorted(kinds):
        values = {
            entity.primary_value.casefold()
            for case in cases
            for entity in case.entities.all()
            if entity.entity_type == kind
        }
        if len(values) <= MOST_VALUES:
            found[kind] = sorted(values)
    return found


def pattern_of(
    proposal: PatternProposal, cases: Sequence[JudgedCase], *, pattern_id: str, tenant_id: str, now: str
) -> FPPattern:
    """The draft, which fits each of the cases. Raises InvalidInput for what may not be proposed."""
    name = cases[0].alert_title
    if proposal.alert_name != name:
        raise InvalidInput("pattern.alert_name", got=proposal.alert_name, expected=f"the name of the cases, {name!r}")
    kinds = {condition.entity_type for condition in proposal.conditions}
    if not kinds & OF_OUR_OWN:
        wanted = "at least one host, account or mailbox: an attacker chooses all other values"
        raise InvalidInput("pattern.conditions", got=", ".join(sorted(kinds)), expected=wanted)
    pattern = FPPattern.model_validate(
        {
            "pattern_id": pattern_id,
            "alert_name": name,
            "entity_patterns": [_expression(condition, cases) for condition in proposal.conditions],
            "severity": cases[0].severity,
            "confidence": CONFIDENCE,
            "status": "pending_review",
            "reason": proposal.reason,
            "false_positive_count": len(cases),
            "scope_tenant_id": tenant_id,
            "source_investigations": [case.investigation_id for case in cases],
            "created_at": now,
            "updated_at": now,
        }
    )
    missed = [case.investigation_id for case in cases if not fits(pattern, case.alert_title, case.entities)]
    if missed:
        raise InvalidInput("pattern.conditions", got=f"none for {', '.join(missed[:5])}", expected="every case fits")
    return pattern


def _expression(condition: EntityCondition, cases: Sequence[JudgedCase]) -> EntityPattern:
    known = {
        entity.primary_value.casefold()
        for case in cases
        for entity in case.entities.all()
        if entity.entity_type == condition.entity_type
    }
    values = list(dict.fromkeys(value.casefold() for value in condition.values))
    strangers = [value for value in values if value not in known]
    if strangers or len(values) > MOST_VALUES:
        expected = f"at most {MOST_VALUES} values of the cases' own entities"
        raise InvalidInput(f"pattern.{condition.entity_type}", got=", ".join(strangers or values), expected=expected)
    return EntityPattern(type=condition.entity_type, value_regex="|".join(re2.escape(value) for value in values))


@dataclass(frozen=True, slots=True)
class Backtest:
    """What a pattern would have closed. ``blocked`` says why it may not be approved; empty when it may."""

    alerts: int
    matched: int
    attacks: tuple[str, ...]  # confirmed by people, among those matched
    unjudged: int  # matched, and no person ever said what they were

    @property
    def blocked(self) -> str:
        """The first reason."""
        if self.attacks:
            return f"it would have closed {len(self.attacks)} confirmed attack(s): {', '.join(self.attacks[:5])}"
        if self.alerts >= LEAST_ALERTS and self.matched > MOST_SHARE * self.alerts:
            return f"it would have closed {self.matched} of {self.alerts} alerts, more than {MOST_SHARE:.0%}"
        return ""


async def backtest(pattern: FPPattern, cases: AsyncIterator[JudgedCase], *, alerts: int) -> Backtest:
    """Run a pattern over the cases that have its name, out of so many alerts."""
    matched = unjudged = 0
    attacks: list[str] = []
    async for case in cases:
        if fits(pattern, case.alert_title, case.entities):
            matched += 1
            unjudged += not case.disposition
            if case.was_an_attack:
                attacks.append(case.investigation_id)
    return Backtest(alerts, matched, tuple(attacks), unjudged)
