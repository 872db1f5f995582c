"""ATLASMapperAgent (no model): the alert's technique ids, looked up in ATT&CK and ATLAS, or what its words speak of."""

from __future__ import annotations

from shared.contracts.investigation import AgentRole, GraphState
from shared.contracts.taxonomy import current_technique
from shared.investigation.agents.agent import decision_entry
from shared.knowledge.similar_techniques import similar_techniques

UNKNOWN_NAMED = 500  # characters: an alert may name anything as a technique, any number of times


class ATLASMapperAgent:
    """Fills ``atlas_techniques``; unknown ids are named in the decision chain and used nowhere.

    Where the alert names no known one, ``similar_techniques`` has those that its words speak of. They are a hint to the
    model and to people: no rule, playbook or pattern goes by them.
    """

    async def execute(self, state: GraphState) -> GraphState:
        """See Agent."""
        found = {given: current_technique(given) for given in state.techniques}
        mapped = [
            {
                "technique_id": technique.id,
                "name": technique.name,
                "matrix": technique.matrix,
                "tactics": technique.tactics,
            }
            for technique in found.values()
            if technique is not None
        ]
        unknown = [given for given, technique in found.items() if technique is None]
        text = f"{state.alert_title}\n{state.alert_description}"
        similar = [] if mapped else [f"{one.id} {one.name}" for one in similar_techniques(text, state.tactics)]
        entry = decision_entry(
            state,
            step="map_techniques",
            agent=AgentRole.ATLAS_MAPPER,
            action="mapped techniques",
            reasoning=f"{len(mapped)} technique(s) in the taxonomy"
            + (f", unknown: {', '.join(unknown)[:UNKNOWN_NAMED]}" if unknown else "")
            + (f"; the alert's words speak of {', '.join(similar)}" if similar else ""),
        )
        return state.with_facts(similar_techniques=similar).model_copy(
            update={"atlas_techniques": mapped, "decision_chain": [*state.decision_chain, entry]}
        )
