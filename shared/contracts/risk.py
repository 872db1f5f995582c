"""Risk signals from behaviour analytics (spec/data-model §4.4)."""

from __future__ import annotations

from typing import Literal

from shared.contracts.contract import Contract
from shared.contracts.investigation import RiskState


class RiskSignal(Contract):
    """One signal about one entity. ``risk_score`` is 0-10, or None without a baseline; freshness in hours."""

    entity_id: str
    signal_type: Literal["ueba", "iam", "endpoint", "ctem"]
    risk_state: RiskState
    risk_score: float | None
    data_freshness_hours: float
    source: str
