"""Severities as vendors write them, to our five. What no table knows stays as it was given: CanonicalAlert makes it
medium and says so in a flag.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.contracts.alert import SeverityLevel

WORDS: Mapping[str, SeverityLevel] = {
    "info": SeverityLevel.INFORMATIONAL,
    "information": SeverityLevel.INFORMATIONAL,
    "informative": SeverityLevel.INFORMATIONAL,
    "moderate": SeverityLevel.MEDIUM,
    "med": SeverityLevel.MEDIUM,
    "crit": SeverityLevel.CRITICAL,
}
# Upper ends, exclusive, of Elastic's risk scores from 0 to 100.
RISK_SCORES = (
    (22, SeverityLevel.LOW),
    (48, SeverityLevel.MEDIUM),
    (74, SeverityLevel.HIGH),
    (101, SeverityLevel.CRITICAL),
)
# alert.severity of a Splunk search, from debug to fatal; its interface shows 1 to 5 as info to critical.
SPLUNK_LEVELS = (
    (2, SeverityLevel.INFORMATIONAL),
    (3, SeverityLevel.LOW),
    (4, SeverityLevel.MEDIUM),
    (5, SeverityLevel.HIGH),
    (7, SeverityLevel.CRITICAL),
)
Scale = Sequence[tuple[int, SeverityLevel]]


def severity_of(value: Any, scale: Scale = ()) -> Any:
    """One of our severities, or ``value`` itself; ``scale`` says what the vendor's numbers mean."""
    text = str(value).strip().lower() if isinstance(value, str | int | float) else ""
    if text in SeverityLevel:
        return SeverityLevel(text)
    if text in WORDS:
        return WORDS[text]
    try:
        number = float(text)
    except ValueError:
        return value
    return next((level for end, level in scale if 0 <= number < end), value)
