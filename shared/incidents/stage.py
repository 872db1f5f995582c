"""How far an attack has come, and what that makes of an incident's severity and priority. Pure; the tables are data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum

from shared.contracts.alert import SeverityLevel
from shared.contracts.exposure import ExposureSeverity
from shared.contracts.incident import IncidentAlert
from shared.contracts.investigation import Classification
from shared.contracts.taxonomy import current_technique


class Stage(IntEnum):
    """Stages in the order in which attacks pass through them; nothing that the taxonomy knows is UNKNOWN."""

    UNKNOWN = 0
    ENTRY = 1
    FOOTHOLD = 2
    SPREAD = 3
    EFFECT = 4

    @property
    def label(self) -> str:
        """As people and the API name it."""
        return self.name.lower()


STOLEN_CREDENTIALS, LATERAL_MOVEMENT = "credential-access", "lateral-movement"
# Tactics of ATT&CK Enterprise and ICS and of ATLAS.
STAGES: Mapping[str, Stage] = {
    **dict.fromkeys(("reconnaissance", "resource-development", "initial-access", "ai-model-access"), Stage.ENTRY),
    **dict.fromkeys(
        ("execution", "persistence", "privilege-escalation", "defense-evasion", "evasion", "ai-attack-staging"),
        Stage.FOOTHOLD,
    ),
    **dict.fromkeys(
        (STOLEN_CREDENTIALS, "discovery", LATERAL_MOVEMENT, "collection", "command-and-control"), Stage.SPREAD
    ),
    **dict.fromkeys(("exfiltration", "impact", "inhibit-response-function", "impair-process-control"), Stage.EFFECT),
}
# The least severity of an incident that has passed through several stages up to this one.
FLOOR: Mapping[Stage, SeverityLevel] = {Stage.SPREAD: SeverityLevel.MEDIUM, Stage.EFFECT: SeverityLevel.HIGH}
LOWEST_FIRST: Sequence[SeverityLevel] = tuple(reversed(SeverityLevel))
HIGHEST_PRIORITY = 1
GRAVE = frozenset({ExposureSeverity.CRITICAL.value, ExposureSeverity.HIGH.value})
DISMISSED = frozenset({Classification.FALSE_POSITIVE, Classification.BENIGN_TRUE_POSITIVE})


def rank(severity: str) -> int:
    """0 for informational to 4 for critical; what this version does not know counts as medium."""
    known = severity if severity in LOWEST_FIRST else SeverityLevel.MEDIUM
    return LOWEST_FIRST.index(SeverityLevel(known))


def tactics_of(tactics: Iterable[str], techniques: Iterable[str]) -> frozenset[str]:
    """The tactics that an alert names; the first one of each technique when it names none itself."""
    if named := frozenset(tactics):
        return named
    known = (current_technique(technique) for technique in techniques)
    return frozenset(technique.tactics[0] for technique in known if technique and technique.tactics)


def stages_of(tactics: Iterable[str], techniques: Iterable[str]) -> frozenset[Stage]:
    """The stages of these tactics."""
    return frozenset(STAGES[tactic] for tactic in tactics_of(tactics, techniques) if tactic in STAGES)


def weighed(alerts: Sequence[IncidentAlert]) -> tuple[Stage, SeverityLevel, int]:
    """Stage, severity and priority (1 is the highest, 5 the lowest) of an incident with these alerts.

    Alerts that were judged benign count only while there are no others. A confirmed alert raises the priority by one,
    and so does one that names something with a grave open exposure.
    """
    counted = [alert for alert in alerts if not (alert.decided and alert.classification in DISMISSED)] or alerts
    passed = frozenset[Stage]().union(*(stages_of(alert.tactics, alert.techniques) for alert in counted))
    stage = max(passed, default=Stage.UNKNOWN)
    severity = max((rank(alert.severity) for alert in counted), default=0)
    if len(passed) > 1 and stage in FLOOR:
        severity = max(severity, rank(FLOOR[stage]))
    priority = len(LOWEST_FIRST) - severity
    if any(alert.classification == Classification.TRUE_POSITIVE for alert in counted):
        priority -= 1
    if any(exposure.severity in GRAVE for alert in counted for exposure in alert.exposures):
        priority -= 1
    return stage, LOWEST_FIRST[severity], max(HIGHEST_PRIORITY, priority)
