"""What every agent is (seed §4)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

from shared.contracts.gateway import NO_CASE, CaseReference, GatewayRequest, GatewayResponse
from shared.contracts.investigation import DecisionEntry, GraphState


class Agent(Protocol):
    """Fills its own fields and appends to the decision chain; raises Retryable when a store is unavailable."""

    async def execute(self, state: GraphState) -> GraphState:
        """The state with this agent's findings."""


class Gateway(Protocol):
    """The context gateway as the agents see it; tests put a scripted one in its place."""

    async def complete(
        self,
        request: GatewayRequest,
        *,
        alert_severity: str = "medium",
        time_budget_seconds: int | None = None,
        previous_confidence: float | None = None,
        case: CaseReference = NO_CASE,
    ) -> GatewayResponse:
        """See shared.gateway.ContextGateway.complete."""


def decision_entry(  # noqa: PLR0913 - the fields of one line of the chain
    state: GraphState,
    *,
    step: str,
    agent: str,
    action: str,
    reasoning: str,
    confidence: float = 0.0,
    model_id: str = "",
) -> DecisionEntry:
    """A line for the decision chain, written while the investigation is in ``state``."""
    return DecisionEntry(
        step=step,
        agent=agent,
        action=action,
        reasoning=reasoning,
        confidence=confidence,
        taxonomy_version=state.taxonomy_version,
        timestamp=datetime.now(UTC).isoformat(),
        state_before=state.state,
        state_after=state.state,
        model_id=model_id,
    )
