"""The answer of the routes that put a closed case back to a person."""

from __future__ import annotations

from typing import Self

from shared.contracts.contract import Contract
from shared.contracts.investigation import GraphState, InvestigationState


class TakenUp(Contract):
    """A case that waits for a person again, and what it asks; ``expires_at`` is ISO 8601 UTC."""

    investigation_id: str
    state: InvestigationState
    version: int
    round: int
    approval_id: str
    expires_at: str

    @classmethod
    def of(cls, state: GraphState) -> Self:
        """The answer for this case."""
        return cls(
            investigation_id=state.investigation_id,
            state=state.state,
            version=state.version,
            round=state.round,
            approval_id=state.case_facts.approval_id,
            expires_at=state.case_facts.approval_deadline,
        )
