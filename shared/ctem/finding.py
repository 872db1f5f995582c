"""What one row of a scanner's report says, before it is scored; and what could not be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.contracts.exposure import Consequence
from shared.ctem.rates import Rate
from shared.ctem.severity import Exploitability


class Tool(StrEnum):
    """The scanners, by their topic's last word."""

    WIZ = "wiz"
    SNYK = "snyk"
    GARAK = "garak"
    ART = "art"
    BURP = "burp"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding. ``title`` and ``asset_id`` identify it with the tool, so neither holds what a scan measured.

    ``level`` and ``score`` are what the tool's own severity or rate comes to; ``consequence`` and ``zone`` what the
    tool's mapping says (data-model §5.4), empty where only the graph or the zone can. ``asset_name`` is the host, model
    or endpoint as alerts name it.
    """

    tool: Tool
    title: str
    asset_id: str
    asset_name: str = ""
    asset_type: str = ""
    zone: str = ""
    severity: str = ""
    level: Exploitability = Exploitability.UNKNOWN
    score: float | None = None
    consequence: Consequence | None = None
    description: str = ""
    remediation: str = ""
    url: str = ""
    seen_at: datetime | None = None
    is_open: bool = True
    cves: tuple[str, ...] = ()
    cwes: tuple[str, ...] = ()
    cvss: float | None = None
    epss: float | None = None
    known_exploited: bool = False
    attack: str = ""
    atlas: str = ""
    threat_model: str = ""
    location: str = ""
    rate: Rate | None = None
    notes: tuple[str, ...] = ()
    evidence: tuple[dict[str, Any], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that could not be read: where it stands, and why. ``ends`` when nothing behind it can be read either."""

    where: str
    reason: str
    ends: bool = False
