"""Wiz's severities and what it calls its resources, as levels and zones (data-model §5.4)."""

from __future__ import annotations

from shared.ctem.severity import Exploitability

LEVELS = {
    "CRITICAL": Exploitability.HIGH,
    "HIGH": Exploitability.HIGH,
    "MEDIUM": Exploitability.MEDIUM,
    "LOW": Exploitability.LOW,
    "INFORMATIONAL": Exploitability.LOW,
    "INFO": Exploitability.LOW,
    "NONE": Exploitability.UNKNOWN,
    "UNKNOWN": Exploitability.UNKNOWN,
}
DEFAULT_ZONE = "Zone3_Enterprise"
_ZONES = (
    ("Zone1_EdgeInference", ("edge", "orbital-inference", "orbital", "ot-")),
    ("Zone4_External", ("demo", "public")),
)


def zone_of(resource: str) -> str:
    """By the kind and the name of a resource."""
    words = resource.lower().replace("_", "-").replace("/", " ").split()
    for zone, marks in _ZONES:
        if any(word.startswith(mark) or f"-{mark}" in word for word in words for mark in marks):
            return zone
    return DEFAULT_ZONE
