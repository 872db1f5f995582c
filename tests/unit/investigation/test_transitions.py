"""Which state may follow which (data-model §3.2)."""

from itertools import product

import pytest

from shared.contracts.investigation import InvestigationState as S
from shared.errors import Conflict
from shared.investigation.transitions import FINAL, check_transition

SPECIFIED = {
    (S.RECEIVED, S.PARSING),
    (S.PARSING, S.CLOSED),
    (S.PARSING, S.ENRICHING),
    (S.ENRICHING, S.REASONING),
    (S.REASONING, S.RESPONDING),
    (S.REASONING, S.AWAITING_HUMAN),
    (S.RESPONDING, S.AWAITING_HUMAN),
    (S.AWAITING_HUMAN, S.RESPONDING),
    (S.AWAITING_HUMAN, S.CLOSED),
    (S.RESPONDING, S.CLOSED),
} | {(state, S.FAILED) for state in S if state not in {S.CLOSED, S.FAILED}}
# Late entities begin a second round, as long as nothing is being executed.
BACK = {(state, S.RECEIVED) for state in (S.RECEIVED, S.PARSING, S.ENRICHING, S.REASONING, S.AWAITING_HUMAN)}
# People: they take up what has ended, and correct what was made of it.
TAKEN_UP = {(S.CLOSED, S.AWAITING_HUMAN), (S.FAILED, S.AWAITING_HUMAN), (S.CLOSED, S.CLOSED)}


def allowed(before: S, after: S) -> bool:
    try:
        check_transition(before, after)
    except Conflict:
        return False
    return True


def test_check_transition_allows_exactly_what_is_specified() -> None:
    assert {pair for pair in product(S, S) if allowed(*pair)} == SPECIFIED | BACK | TAKEN_UP


def test_closed_and_failed_are_final() -> None:
    assert {S.CLOSED, S.FAILED} == FINAL


def test_refusal_names_both_states_and_what_was_expected() -> None:
    with pytest.raises(
        Conflict, match="in state parsing cannot become responding; expected closed, enriching, failed, received"
    ):
        check_transition(S.PARSING, S.RESPONDING)
    with pytest.raises(Conflict, match="expected awaiting_human, closed"):
        check_transition(S.CLOSED, S.PARSING)
