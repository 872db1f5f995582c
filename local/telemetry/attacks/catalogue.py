"""The ten attacks by the id of what should detect them (seed §7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from numpy.random import Generator

from local.telemetry.attacks.attack import Attack, Strength
from local.telemetry.attacks.data import collection, poisoning
from local.telemetry.attacks.edge import evasion, oracle_denial, spoofing
from local.telemetry.attacks.outside import chaff, partner, supply_chain
from local.telemetry.attacks.questions import extraction, injection
from local.telemetry.calendar import Day
from local.telemetry.site import Site

ATTACKS: Mapping[str, Callable[[Site, Day, Strength, Generator], Attack]] = {
    "ATLAS-DETECT-001": poisoning,
    "ATLAS-DETECT-002": extraction,
    "ATLAS-DETECT-003": injection,
    "ATLAS-DETECT-004": evasion,
    "ATLAS-DETECT-005": oracle_denial,
    "ATLAS-DETECT-006": supply_chain,
    "ATLAS-DETECT-007": collection,
    "ATLAS-DETECT-008": chaff,
    "ATLAS-DETECT-009": spoofing,
    "ATLAS-DETECT-010": partner,
}
