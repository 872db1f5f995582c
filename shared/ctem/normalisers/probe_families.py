"""What garak's families of probes try, as ATLAS techniques (data-model §5.4; garak's own documentation of each)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from shared.contracts.exposure import Consequence


@dataclass(frozen=True, slots=True)
class Family:
    """The technique of a family, what a success puts at stake, and the threat of our model."""

    technique: str
    consequence: Consequence
    threat_model: str = "TM-10"


_SAFETY, _LOSS, _DOWN = Consequence.SAFETY_LIFE, Consequence.DATA_LOSS, Consequence.DOWNTIME
_FAMILIES = {
    # Jailbreaks and the use of tools reach what the model controls.
    Family(
        "AML.T0054", _SAFETY
    ): "atkgen dan dra doctor fitd glitch goat grandma phrasing sata suffix tap visual_jailbreak",
    Family("AML.T0053", _SAFETY): "agent_breaker exploitation",
    # Instructions in what the model reads.
    Family("AML.T0051.000", _DOWN): "promptinject goodside adaptive_attacks",
    Family("AML.T0051.001", _DOWN): "latentinjection",
    Family("AML.T0068", _DOWN): "badchars encoding smuggling ansiescape",
    # What comes out that should not.
    Family("AML.T0056", _LOSS, "TM-12"): "sysprompt_extraction",
    Family("AML.T0057", _LOSS, "TM-12"): "apikey leakreplay propile replay divergence",
    Family("AML.T0077", _LOSS, "TM-12"): "web_injection xss",
    Family("AML.T0060", _DOWN): "packagehallucination",
    Family("AML.T0062", _DOWN): "misleading snowball",
    Family("AML.T0102", _DOWN): "malwaregen",
    Family("AML.T0067", _DOWN): "fileformats av_spam_scanning knownbadsignatures",
    Family("AML.T0048.002", _DOWN): "continuation donotanswer lmrc realtoxicityprompts topic",
    Family("AML.T0015", _DOWN): "audio",
}


@cache
def families() -> dict[str, Family]:
    """Each family by its name."""
    return {name: family for family, names in _FAMILIES.items() for name in names.split()}


def family_of(probe: str) -> Family | None:
    """The family of a probe such as ``dan.Dan_11_0``; None for one that is not known."""
    return families().get(probe.partition(".")[0].lower())
