"""Which state may follow which (data-model §3.2)."""

from __future__ import annotations

from shared.contracts.investigation import InvestigationState
from shared.errors import Conflict

_S = InvestigationState

ALLOWED: dict[InvestigationState, frozenset[InvestigationState]] = {
    # Back to received: entities that came late begin a second round.
    _S.RECEIVED: frozenset({_S.RECEIVED, _S.PARSING, _S.FAILED}),
    _S.PARSING: frozenset({_S.RECEIVED, _S.ENRICHING, _S.CLOSED, _S.FAILED}),
    _S.ENRICHING: frozenset({_S.RECEIVED, _S.REASONING, _S.FAILED}),
    _S.REASONING: frozenset({_S.RECEIVED, _S.RESPONDING, _S.AWAITING_HUMAN, _S.FAILED}),
    _S.AWAITING_HUMAN: frozenset({_S.RECEIVED, _S.RESPONDING, _S.CLOSED, _S.FAILED}),
    _S.RESPONDING: frozenset({_S.AWAITING_HUMAN, _S.CLOSED, _S.FAILED}),
    # No step moves a case on from here. A person takes it up again, or corrects what was made of it.
    _S.CLOSED: frozenset({_S.AWAITING_HUMAN, _S.CLOSED}),
    _S.FAILED: frozenset({_S.AWAITING_HUMAN}),
}
FINAL = frozenset({_S.CLOSED, _S.FAILED})


def check_transition(before: InvestigationState, after: InvestigationState) -> None:
    """Raise Conflict when ``after`` may not follow ``before``."""
    if after not in ALLOWED[before]:
        expected = ", ".join(sorted(ALLOWED[before]))
        raise Conflict(f"an investigation in state {before} cannot become {after}; expected {expected}")
