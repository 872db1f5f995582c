"""Alerts against labels: what was found and when, what was wrong, and which rule fired on another's attack."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from statistics import median

from local.telemetry.attacks.attack import Label, Strength
from tests.benchmarks.detections.running import Raised

TENANT_WIDE = "ATLAS-DETECT-008"  # it is about all alerts, and names none


class Kind(StrEnum):
    """Which thresholds a signal has."""

    DOCUMENTED = "documented"
    REC = "REC"
    VARIANT = "variant"  # that the specification describes beside the documented one

    @classmethod
    def of(cls, signal: str) -> Kind:
        """By the signal's name; one about a whole fleet is of the kind that it gathers."""
        return next((kind for kind in (cls.DOCUMENTED, cls.REC) if signal.startswith(kind.lower())), cls.VARIANT)


@dataclass
class Score:
    """Of one rule's signals of one kind."""

    found: Counter[Strength] = field(default_factory=Counter)
    planned: Counter[Strength] = field(default_factory=Counter)
    hours: dict[Strength, list[float]] = field(default_factory=lambda: defaultdict(list))
    right: int = 0  # alerts on the attacked companies that are about one of the rule's attacks
    wrong: int = 0  # all others there
    false_alerts: int = 0  # on ordinary days
    ordinary_days: int = 0  # days times companies

    @property
    def precision(self) -> float | None:
        """Of the alerts on the attacked companies."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else None

    @property
    def false_a_day(self) -> float:
        """A day and a company."""
        return self.false_alerts / self.ordinary_days if self.ordinary_days else 0.0

    def recall(self, strength: Strength) -> float:
        """Of the attacks of one strength."""
        return self.found[strength] / self.planned[strength] if self.planned[strength] else 0.0

    def time_to_detect(self, strength: Strength) -> float | None:
        """Median hours from the beginning of an attack to its first alert."""
        return median(self.hours[strength]) if self.hours[strength] else None


@dataclass
class Scores:
    """By (rule, kind) what was found; ``crossed`` counts by (attack, rule, kind) where another's rule fired."""

    by_signal: dict[tuple[str, Kind], Score] = field(default_factory=lambda: defaultdict(Score))
    crossed: Counter[tuple[str, str, Kind]] = field(default_factory=Counter)
    attacks: Counter[str] = field(default_factory=Counter)

    def crossed_share(self, kind: Kind) -> float:
        """Of all pairs of an attack and a rule that is not meant to find it."""
        pairs = sum(self.attacks.values()) * (len(self.attacks) - 1)
        return sum(count for (*_, one), count in self.crossed.items() if one is kind) / pairs if pairs else 0.0


def score(
    scores: Scores,
    labels: Sequence[Label],
    alerts: Iterable[Raised],
    *,
    lookbacks: Mapping[str, timedelta],
    ordinary: Mapping[str, str],
    days: int,
) -> None:
    """Add one world. ``ordinary`` names the twin without attacks of each attacked tenant, ``lookbacks`` each rule's.

    An alert is about an attack if it names one of its subjects and its window can hold a row of it. A rule crosses if
    it fires so on another rule's attack, but neither on one of its own nor on the twin within a day of that moment.
    """
    by_tenant: dict[tuple[str, str, Kind], list[Raised]] = defaultdict(list)
    for alert in alerts:
        by_tenant[alert.tenant_id, alert.rule_id, Kind.of(alert.signal)].append(alert)
    scores.attacks.update(label.rule_id for label in labels)
    for rule_id, lookback in lookbacks.items():
        for kind in Kind:
            mine = scores.by_signal[rule_id, kind]
            mine.ordinary_days += days * len(ordinary)
            mine.false_alerts += sum(len(by_tenant[twin, rule_id, kind]) for twin in ordinary.values())
            for tenant, twin in ordinary.items():
                theirs = [label for label in labels if label.tenant_id == tenant]
                found = by_tenant[tenant, rule_id, kind]
                own = [label for label in theirs if label.rule_id == rule_id]
                wrong = _found(mine, own, found, lookback)
                usual = by_tenant[twin, rule_id, kind]
                strange = [alert for alert in wrong if not _usual(alert, usual)]
                for label in theirs:
                    if any(about(label, alert, lookback) for alert in strange):
                        scores.crossed[label.rule_id, rule_id, kind] += 1


def _found(mine: Score, labels: Sequence[Label], alerts: Sequence[Raised], lookback: timedelta) -> list[Raised]:
    """Count what was found, and return the alerts that are about none of the rule's attacks."""
    right = [alert for alert in alerts if any(about(label, alert, lookback) for label in labels)]
    wrong = [alert for alert in alerts if alert not in right]
    mine.right += len(right)
    mine.wrong += len(wrong)
    for label in labels:
        mine.planned[label.strength] += 1
        first = min((alert.at for alert in right if about(label, alert, lookback)), default=None)
        if first is not None:
            mine.found[label.strength] += 1
            mine.hours[label.strength].append((first - label.start) / timedelta(hours=1))
    return wrong


def about(label: Label, alert: Raised, lookback: timedelta) -> bool:
    """Whether the alert is about the attack."""
    if not label.start < alert.at <= label.end + lookback + timedelta(hours=1):
        return False
    if alert.rule_id == TENANT_WIDE:
        return label.rule_id == TENANT_WIDE
    return any(_same(subject, name) for subject in label.subjects for name in alert.named)


def _same(subject: str, name: str) -> bool:
    """Names of pairs, such as model:version or user/session, begin with what they are of."""
    return name == subject or name.startswith((f"{subject}:", f"{subject}/"))


def _usual(alert: Raised, usual: Iterable[Raised]) -> bool:
    return any(
        other.signal == alert.signal and other.named & alert.named and abs(other.at - alert.at) < timedelta(days=1)
        for other in usual
    )
