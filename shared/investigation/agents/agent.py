"""What every agent is (seed §4)."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Protocol

from shared.contracts.gateway import NO_CASE, UNCLEAR, CaseReference, GatewayRequest, GatewayResponse
from shared.contracts.investigation import DecisionEntry, GraphState
from shared.errors import Retryable

logger = logging.getLogger(__name__)


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


async def found_or[T](found: Awaitable[T], otherwise: T, *, what: str, missing: list[str]) -> T:
    """What one source of an agent says; ``otherwise`` when it fails for good, which is then ``missing``.

    Raises Retryable.
    """
    try:
        return await found
    except Retryable:
        raise
    except Exception as error:
        logger.exception("A case goes on without its %s.", what)
        missing.append(not_gathered(what, error))
        return otherwise


def not_gathered(what: str, error: Exception) -> str:
    """For people and the model; what the error says may quote a stranger or a store, so it stays in the log."""
    return f"{what}: could not be read ({type(error).__name__})"


_RISKS = ("", "none", "low", "medium")  # of a higher one no model is asked


def screened(state: GraphState, response: GatewayResponse) -> GraphState:
    """The state with the worst that the gateway found so far in what it was asked about this case and was answered."""
    facts = state.case_facts
    found = response.injection_detections
    risk = "medium" if any(not line.endswith(UNCLEAR) for line in found) else "low" if found else "none"
    worst = max(facts.injection_risk, risk, key=_RISKS.index)
    cleaned = response.validation_errors if response.valid else []
    return state.with_facts(injection_risk=worst, answer_flags=sorted({*facts.answer_flags, *cleaned}))


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
