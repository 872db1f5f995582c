"""One attack: its label, the rows that it adds, and what it does to rows that are there anyway."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np

from local.telemetry.calendar import Day, microseconds
from local.telemetry.tables import Block, Column


class Strength(StrEnum):
    """How much an attacker cares about being seen."""

    BLATANT = "blatant"  # a script at full speed
    MODERATE = "moderate"  # within a shift, without haste
    LOW_AND_SLOW = "low-and-slow"  # days or weeks among ordinary work


@dataclass(frozen=True, slots=True)
class Label:
    """What the attack is. ``subjects`` are the accounts, nodes, models or partners that it shows in."""

    rule_id: str  # of the catalogue of attacks (seed §7)
    technique: str
    strength: Strength
    tenant_id: str
    subjects: tuple[str, ...]
    start: datetime
    end: datetime
    what: str


@dataclass(frozen=True, slots=True)
class Attack:
    """``change`` gets every ordinary block of the tenant and returns what becomes of it."""

    label: Label
    added: tuple[Block, ...] = ()
    change: Callable[[Block], Block] | None = None

    def rows_of(self, day: Day) -> list[Block]:
        """The rows that the attack adds on ``day``."""
        start, end = day.start_us, day.next.start_us
        found = []
        for block in self.added:
            ts = block.columns["ts"].astype(np.int64)
            found.append(block.where((ts >= start) & (ts < end)))
        return [block for block in found if len(block)]


def during(block: Block, start: datetime, end: datetime, **equal: str) -> Column:
    """The rows of ``block`` within the time whose columns have the given values, as a mask."""
    ts = block.columns["ts"].astype(np.int64)
    mask: Column = (ts >= microseconds(start)) & (ts < microseconds(end))
    for name, value in equal.items():
        mask &= block.columns[name] == value
    return mask
