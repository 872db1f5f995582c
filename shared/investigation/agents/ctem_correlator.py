"""CTEMCorrelatorAgent (no model): open exposures of the assets in the alert."""

from __future__ import annotations

from shared.contracts.investigation import AgentRole, GraphState
from shared.ctem.exposures import Exposures
from shared.investigation.agents.agent import decision_entry


class CTEMCorrelatorAgent:
    """Fills ``ctem_exposures`` and ``ctem_stale``."""

    def __init__(self, exposures: Exposures) -> None:
        self._exposures = exposures

    async def execute(self, state: GraphState) -> GraphState:
        """See Agent."""
        entities = state.parsed_entities
        assets = {entity.primary_value for entity in entities.hosts}
        assets |= {str(host.properties["hostname"]) for host in entities.hosts if host.properties.get("hostname")}
        assets |= {str(item.properties["resource_id"]) for item in entities.all() if item.properties.get("resource_id")}
        found = await self._exposures.open_on(state.tenant_id, sorted(assets)) if assets else []
        stale = any(exposure["stale"] for exposure in found)
        entry = decision_entry(
            state,
            step="correlate_exposures",
            agent=AgentRole.CTEM_CORRELATOR,
            action="matched exposures",
            reasoning=f"{len(found)} open exposure(s) on {len(assets)} asset(s)"
            + (", some older than 24 h" if stale else ""),
        )
        return state.model_copy(
            update={
                "ctem_exposures": found,
                "ctem_stale": stale,
                "queries_executed": state.queries_executed + 1,
                "decision_chain": [*state.decision_chain, entry],
            }
        )
