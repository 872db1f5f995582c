"""A finding becomes an exposure: how easily it is used, what is at stake, which techniques it serves, and why."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from shared.contracts.exposure import Consequence, CTEMExposure, ExposureSeverity, ExposureStatus
from shared.ctem.finding import Finding
from shared.ctem.rates import Rate
from shared.ctem.severity import MATRIX, SCORES, Exploitability, at_least, ctem_score
from shared.ctem.techniques import known_exploited, mapped_techniques
from shared.ctem.zones import UNMAPPED, zones

# EPSS is the chance of being exploited within 30 days; nine in ten vulnerabilities stay below one in a hundred.
EPSS_HIGH, EPSS_MEDIUM = 0.5, 0.1
CVSS_HIGH, CVSS_MEDIUM = 7.0, 4.0


@dataclass(frozen=True, slots=True)
class Stakes:
    """What a graph or a table says is at stake. ``source`` says which, ``path`` how it is reached."""

    consequence: Consequence
    source: str
    zone: str = ""
    path: tuple[str, ...] = ()
    threats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scored:
    """An exposure as this report shows it. ``digest`` is equal as long as nothing that matters has changed; what a
    stochastic scanner measured is not in it, but in ``rate``.
    """

    exposure: CTEMExposure
    severity: ExposureSeverity
    asset_name: str
    details: dict[str, Any]
    digest: bytes
    rate: Rate | None
    seen_at: datetime | None
    is_open: bool


def exposure_key(tool: str, title: str, asset_id: str) -> str:
    """data-model §5.1."""
    return hashlib.sha256(f"{tool}:{title}:{asset_id}".encode()).hexdigest()[:16]


def scored(
    finding: Finding, *, tenant_id: str, at: datetime, known: Stakes | None = None, notes: tuple[str, ...] = ()
) -> Scored:
    """``known`` is what the graph says; without it, the tool's own mapping and the zone decide. ``at`` is the time of
    the scan, ``notes`` what is to be said about it.
    """
    level, score, reasons = _exploitability(finding)
    stakes = known or _static(finding)
    severity = MATRIX[level, stakes.consequence]
    techniques = mapped_techniques(finding.cves, finding.cwes)
    attack = techniques[0].id if techniques else ""
    exposure = CTEMExposure(
        exposure_key=exposure_key(finding.tool, finding.title, finding.asset_id),
        ts=(finding.seen_at or at).isoformat(),
        source_tool=finding.tool.value,
        title=finding.title,
        description=finding.description,
        severity=severity.value,
        original_severity=finding.severity,
        asset_id=finding.asset_id,
        asset_type=finding.asset_type,
        asset_zone=stakes.zone or finding.zone,
        exploitability_score=round(score, 4),
        physical_consequence=stakes.consequence.value,
        ctem_score=ctem_score(score, stakes.consequence),
        atlas_technique=finding.atlas,
        attack_technique=attack or finding.attack,
        threat_model_ref=finding.threat_model or ", ".join(stakes.threats[:3]),
        status=ExposureStatus.OPEN if finding.is_open else ExposureStatus.CLOSED,
        remediation_guidance=finding.remediation,
        evidence_url=finding.url,
        tenant_id=tenant_id,
    )
    details = {
        "exploitability": level.value,
        "why": [*reasons, *finding.notes, *notes],
        "consequence_source": stakes.source,
        "consequence_path": list(stakes.path),
        "threats": list(stakes.threats),
        "techniques": [one.as_json() for one in techniques],
        "cves": list(finding.cves),
        "cwes": list(finding.cwes),
        "location": finding.location,
        "rate": finding.rate.as_json() if finding.rate else None,
        "evidence": list(finding.evidence),
    }
    return Scored(
        exposure=exposure,
        severity=severity,
        asset_name=finding.asset_name,
        details={name: value for name, value in details.items() if value},
        digest=_digest(exposure, details, stochastic=finding.rate is not None),
        rate=finding.rate,
        seen_at=finding.seen_at,
        is_open=finding.is_open,
    )


def _static(finding: Finding) -> Stakes:
    if finding.consequence is not None:
        return Stakes(finding.consequence, "the scanner's mapping")
    consequence = zones().get(finding.zone)
    if consequence is None:
        return Stakes(UNMAPPED, f"zone_unmapped: {finding.zone or 'no zone'}")
    return Stakes(consequence, "the table of zones")


def _exploitability(finding: Finding) -> tuple[Exploitability, float, list[str]]:
    """The level, the score from 0 to 1, and the reasons. What nobody says is unknown and lowers nothing."""
    level, score, reasons = finding.level, finding.score, list[str]()
    if finding.severity:
        reasons.append(f"{finding.tool} says {finding.severity}")
    if finding.rate:
        low, high = finding.rate.interval
        shown = f"{finding.rate.hits} of {finding.rate.attempts} attempts succeeded"
        reasons.append(f"{shown} ({finding.rate.value:.0%}, 95 % between {low:.0%} and {high:.0%})")
    if finding.cvss is not None:
        reasons.append(f"CVSS {finding.cvss:g}")
        if level is Exploitability.UNKNOWN:
            level, score = _by_cvss(finding.cvss), finding.cvss / 10
    floor = None
    if exploited := known_exploited(finding.cves):
        floor = Exploitability.HIGH
        reasons.append(f"{', '.join(exploited)} is known to be exploited")
    elif finding.known_exploited:
        floor = Exploitability.HIGH
        reasons.append("known to be exploited (CISA KEV, says the scanner)")
    if finding.epss is not None:
        reasons.append(f"EPSS {finding.epss:.0%}")
        if floor is None and finding.epss >= EPSS_MEDIUM:
            floor = Exploitability.HIGH if finding.epss >= EPSS_HIGH else Exploitability.MEDIUM
    if floor is not None:
        level = at_least(level, floor)
        score = max(score or 0.0, SCORES[floor])
    if level is Exploitability.UNKNOWN:
        reasons.append("exploitability is unknown")
    return level, SCORES[level] if score is None else score, reasons


def _by_cvss(score: float) -> Exploitability:
    if score >= CVSS_HIGH:
        return Exploitability.HIGH
    return Exploitability.MEDIUM if score >= CVSS_MEDIUM else Exploitability.LOW


_TIMES = frozenset({"ts"})
_MEASURED = frozenset({"exploitability_score", "ctem_score", "severity"})


def _digest(exposure: CTEMExposure, details: dict[str, Any], *, stochastic: bool) -> bytes:
    left_out = _TIMES | (_MEASURED if stochastic else frozenset())
    shown = {name: value for name, value in exposure.__dict__.items() if name not in left_out}
    said = {} if stochastic else details
    return hashlib.sha256(orjson.dumps([shown, said])).digest()[:16]
