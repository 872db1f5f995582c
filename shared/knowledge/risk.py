"""Risk of entities from behaviour analytics; missing or old data is never low risk (data-model §4.4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from shared.contracts.investigation import RiskState
from shared.contracts.risk import RiskSignal
from shared.stores.postgres import Postgres
from shared.stores.statements import statements

FRESH_HOURS = 24.0

_SQL = statements(Path(__file__).with_suffix(".sql"))
_WORST_FIRST = (RiskState.HIGH, RiskState.MEDIUM, RiskState.UNKNOWN, RiskState.LOW, RiskState.NO_BASELINE)


class RiskSignals:
    """What is known about the behaviour of a tenant's entities."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def record(
        self, tenant_id: str, *, entity_id: str, priority: float | None, source: str, observed_at: datetime
    ) -> None:
        """Store the newest signal of a source about an entity; ``priority`` is 0 to 10. Raises StoreUnavailable."""
        values = {
            "tenant_id": tenant_id,
            "entity_id": entity_id,
            "investigation_priority": priority,
            "source": source,
            "observed_at": observed_at,
        }
        async with self._postgres.transaction(tenant_id) as connection:
            await connection.execute(_SQL["record_signal"], values)

    async def of(self, tenant_id: str, entities: Sequence[str]) -> list[RiskSignal]:
        """Signals about these entities. Raises StoreUnavailable."""
        wanted = {"tenant_id": tenant_id, "entities": list(entities)}
        [found] = await self._postgres.together(tenant_id, (_SQL["signals_of_entities"], wanted))
        return [
            RiskSignal(
                entity_id=row["entity_id"],
                signal_type="ueba",
                risk_state=risk_state(row["investigation_priority"], float(row["age_hours"])),
                risk_score=row["investigation_priority"],
                data_freshness_hours=round(float(row["age_hours"]), 2),
                source=row["source"],
            )
            for row in found.rows
        ]


def risk_state(priority: float | None, age_hours: float) -> RiskState:
    """State of one signal: priority below 3 is low, below 6 medium; older than 24 h is unknown."""
    if priority is None:
        return RiskState.NO_BASELINE
    if age_hours > FRESH_HOURS:
        return RiskState.UNKNOWN
    if priority < 3:
        return RiskState.LOW
    return RiskState.MEDIUM if priority < 6 else RiskState.HIGH


def worst_risk(signals: Sequence[RiskSignal]) -> RiskState:
    """The state that an alert's entities have together; none at all is `no_baseline`."""
    states = {signal.risk_state for signal in signals}
    return next((state for state in _WORST_FIRST if state in states), RiskState.NO_BASELINE)
