"""Kill switches as people set and see them (spec/security-and-audit §10)."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from shared.contracts.contract import Contract


class KillSwitchDimension(StrEnum):
    """What a switch covers; one that is on keeps everything that it covers from closing or acting by itself."""

    TENANT = "tenant"  # every case of the tenant; the value is its id
    PATTERN = "pattern"  # one approved false-positive pattern, by id
    TECHNIQUE = "technique"  # an ATT&CK or ATLAS technique, with its sub-techniques
    DATASOURCE = "datasource"  # the source of alerts, as cases name it, such as `sentinel`


class KillSwitchChange(Contract):
    """Which switch a person turns on or off, and why. Whoever reads the audit chain later needs the reason."""

    dimension: KillSwitchDimension
    value: str = Field(min_length=1, max_length=512, pattern=r"^[^\x00]+$")
    reason: str = Field(min_length=3, max_length=2048)


class KillSwitch(KillSwitchChange):
    """A switch that is on. ``activated_at`` is ISO 8601 UTC."""

    activated_by: str
    activated_at: str
