"""A rule as its `.yml` describes it, and the window that it looks at (spec/detections §1, §2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field

from shared.contracts.alert import SeverityLevel
from shared.contracts.contract import Contract
from shared.contracts.detection import TrustLevel

# Rows may come this much after what they report; the windows overlap, so a later one is seen by the next run.
WATERMARK = timedelta(minutes=2)


class Response(Contract):
    """What to do about it: by itself, after approval, and by which playbook; ``mitigations`` are ATLAS's ids."""

    automatic: str
    approved: str
    playbook: str = Field(pattern=r"^pb-[a-z-]+$")
    mitigations: list[str] = Field(min_length=1)


class Rows(Contract):
    """Rows of a fixture: ``count`` of them, evenly spread from ``since`` to ``until`` hours before the window's end.

    Of a value that is a list each row takes the next.
    """

    table: str
    count: int = Field(default=1, ge=1, le=20_000)
    since: float
    until: float = 0.0
    values: dict[str, Any] = Field(default_factory=dict)


class Fixture(Contract):
    """A case that the rule is tested with. ``fires`` names the triggers by signal; none: it must stay silent.

    The window ends at ``end_hour`` UTC.
    """

    name: str
    end_hour: int = Field(default=0, ge=0, le=23)
    rows: list[Rows]
    fires: dict[str, list[str]] = Field(default_factory=dict)
    confidence: dict[str, float] = Field(default_factory=dict)  # by signal


class Rule(Contract):
    """``name`` is the files' stem. Times are minutes (``every``) and hours; ``documented`` holds the specification's
    thresholds and ``rec`` those of our guards and of the second signal.
    """

    name: str = Field(pattern=r"^[a-z][a-z_]{5,47}$")
    rule_id: str = Field(pattern=r"^ATLAS-DETECT-\d{3}$")
    version: str = Field(pattern=r"^\d+\.\d+$")
    title: str
    summary: str = Field(min_length=20, max_length=400)
    tables: list[str] = Field(min_length=1)
    atlas_technique: str
    atlas_techniques: list[str] = Field(default_factory=list)
    attack_technique: str
    attack_techniques: list[str] = Field(default_factory=list)
    threat_model: str = Field(pattern=r"^TM-\d\d$")
    severity: SeverityLevel
    safety_relevant: bool = False
    immediate: bool = False
    floor: float = Field(default=0.0, ge=0, le=1)
    trust: TrustLevel = TrustLevel.TRUSTED
    attestation: str = ""
    every: int = Field(gt=0)
    lookback: float = Field(gt=0)
    baseline: float = Field(ge=0)
    suppression: float = Field(gt=0)
    documented: dict[str, float | str]
    rec: dict[str, float | str]
    false_positives: list[str] = Field(min_length=1)
    response: Response
    firing: list[Fixture] = Field(min_length=3)
    silent: list[Fixture] = Field(min_length=3)

    @property
    def thresholds(self) -> dict[str, float | str]:
        """All that may be tuned, by name."""
        return {**self.documented, **self.rec}


@dataclass(frozen=True)
class Window:
    """From ``start`` up to but without ``end``; what it is compared with lies between ``baseline_start`` and it."""

    start: datetime
    end: datetime
    baseline_start: datetime

    @classmethod
    def ending(cls, end: datetime, rule: Rule) -> Window:
        """The rule's window that ends at ``end``."""
        since = max(rule.baseline, rule.lookback)
        return cls(end - timedelta(hours=rule.lookback), end, end - timedelta(hours=since))

    def parameters(self) -> Mapping[str, datetime]:
        """As statements name them."""
        return {"window_start": self.start, "window_end": self.end, "baseline_start": self.baseline_start}
