"""ContextEnricherAgent (no model): risk signals, similar incidents and what the logs say."""

from __future__ import annotations

import asyncio

from shared.contracts.investigation import AgentRole, GraphState, RiskState
from shared.hunting.hunter import Hunter
from shared.investigation.agents.agent import decision_entry, found_or
from shared.investigation.agents.log_questions import ask_the_logs
from shared.knowledge.incidents import IncidentMemory, SimilarIncidents
from shared.knowledge.risk import RiskSignals, worst_risk


class ContextEnricherAgent:
    """Fills ``ueba_context``, ``risk_state``, ``similar_incidents`` and ``log_answers``."""

    def __init__(self, risk: RiskSignals, incidents: IncidentMemory, hunter: Hunter) -> None:
        self._risk = risk
        self._incidents = incidents
        self._hunter = hunter

    async def execute(self, state: GraphState) -> GraphState:
        """See Agent."""
        entities = state.parsed_entities
        subjects = [entity.primary_value for entity in (*entities.accounts, *entities.hosts)]
        similar_to_it = self._incidents.similar(
            state.tenant_id,
            alert_name=state.alert_title,
            text=state.alert_description,
            techniques=state.techniques,
            entities=[entity.primary_value for entity in entities.all()],
        )
        missing: list[str] = []
        signals, similar, state = await asyncio.gather(
            found_or(self._risk.of(state.tenant_id, subjects), None, what="risk signals", missing=missing),
            found_or(similar_to_it, SimilarIncidents(incidents=[]), what="similar incidents", missing=missing),
            found_or(ask_the_logs(self._hunter, state), state, what="logs", missing=missing),
        )
        risk = RiskState.UNKNOWN if signals is None else worst_risk(signals)
        how = "structured search, the vector store is unavailable" if similar.structured_search else "vector search"
        entry = decision_entry(
            state,
            step="enrich_context",
            agent=AgentRole.CONTEXT_ENRICHER,
            action="gathered context",
            reasoning="; ".join(
                [
                    f"risk {risk} from {len(signals or [])} signal(s)",
                    f"{len(similar.incidents)} similar case(s) by {how}",
                    *sorted(missing),
                ]
            ),
        )
        missing += state.case_facts.context_missing
        return state.with_facts(
            structured_search=similar.structured_search, context_missing=sorted(missing)
        ).model_copy(
            update={
                "ueba_context": [signal.model_dump(mode="json") for signal in signals or []],
                "risk_state": risk,
                "similar_incidents": similar.incidents,
                "queries_executed": state.queries_executed + 2,
                "decision_chain": [*state.decision_chain, entry],
            }
        )
