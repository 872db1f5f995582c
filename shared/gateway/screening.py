"""Step 1 for a whole request: every string of the evidence is screened by itself, the grade is that of all together."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from shared.contracts.gateway import UNCLEAR
from shared.gateway.evidence import Evidence
from shared.gateway.injection import Detection, Risk, grade, sanitise_input

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Screening:
    """``evidence`` may go on unless ``risk`` is HIGH. ``hits`` pairs each detection with the path of its field."""

    evidence: Evidence
    risk: Risk
    hits: tuple[tuple[str, Detection], ...] = ()

    @property
    def families(self) -> list[str]:
        """The names of the families found, sorted."""
        return sorted({detection.family for _, detection in self.hits})

    @property
    def fields(self) -> list[str]:
        """The paths of the fields hit, sorted."""
        return sorted({path for path, _ in self.hits})

    @property
    def described(self) -> list[str]:
        """One line a hit, see GatewayResponse; never the text."""
        return [f"{hit.family}@{path}:{hit.start}-{hit.end}{'' if hit.clear else UNCLEAR}" for path, hit in self.hits]


def screen(evidence: Evidence) -> Screening:
    """Screen a request; a failure of the scanner counts as HIGH, so that nothing unseen is sent."""
    try:
        return _screen(evidence)
    except Exception:
        log.exception("The injection scanner failed; the input is quarantined.")
        return Screening(Evidence({}), Risk.HIGH)


def _screen(evidence: Evidence) -> Screening:
    hits: list[tuple[str, Detection]] = []
    rewritten: dict[str, str] = {}
    worst = Risk.NONE
    for path, text in evidence.strings():
        if text in rewritten:
            continue
        result = sanitise_input(text)
        rewritten[text] = result.text
        hits += [(path, detection) for detection in result.detections]
        # A name of a field is not rewritten: an order in it is no accident.
        in_key = path.endswith("#key") and result.risk is Risk.MEDIUM
        worst = max(worst, Risk.HIGH if in_key else result.risk)
    risk = max(worst, grade(tuple(detection for _, detection in hits)))
    if risk is Risk.HIGH:
        return Screening(Evidence({}), risk, tuple(hits))
    return Screening(evidence.map(lambda text: rewritten[text]), risk, tuple(hits))
