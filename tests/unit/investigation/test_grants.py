"""What an answer grants and denies, and what it is refused for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.action import Action, ActionName, actions_hash
from shared.contracts.approval import Approval, ApprovalDecision
from shared.errors import Conflict, InvalidInput
from shared.investigation.grants import answer_of

ISOLATE = Action(action=ActionName.ISOLATE_HOST, target="ws-17")
DISABLE = Action(action=ActionName.DISABLE_ACCOUNT, target="casey@corp.example")
ISOLATE_DC = Action(action=ActionName.ISOLATE_HOST, target="dc-01")
COMMENT = Action(action=ActionName.ADD_COMMENT, target="alert-1")
ALL = [ISOLATE, DISABLE, ISOLATE_DC, COMMENT]


def asked(*actions: Action, **protected: str) -> Approval:
    return Approval(
        approval_id="a-1",
        investigation_id="i-1",
        tenant_id="t",
        actions=list(actions),
        actions_hash=actions_hash(actions),
        reason="destructive",
        requested_at="2026-11-28T08:00:00+00:00",
        expires_at="2026-11-28T12:00:00+00:00",
        protected={target.replace("_", "-"): why for target, why in protected.items()},
    )


def grant(*actions: Action, at: list[int] | None = None) -> ApprovalDecision:
    return ApprovalDecision(approved=True, actions_hash=actions_hash(actions), granted=at)


def test_old_body_grants_everything() -> None:
    answer = answer_of(asked(ISOLATE, DISABLE), grant(ISOLATE, DISABLE))
    assert (answer.granted, answer.denied) == ([ISOLATE, DISABLE], [])


def test_denial_denies_everything() -> None:
    denial = ApprovalDecision(approved=False, actions_hash=actions_hash([ISOLATE, DISABLE]))
    answer = answer_of(asked(ISOLATE, DISABLE), denial)
    assert (answer.granted, answer.denied) == ([], [ISOLATE, DISABLE])


@given(st.sets(st.integers(0, 3), min_size=1).flatmap(lambda places: st.permutations(sorted(places))))
def test_granted_and_denied_are_what_was_asked_in_its_order(places: list[int]) -> None:
    chosen = [ALL[place] for place in sorted(places)]
    answer = answer_of(asked(*ALL), grant(*chosen, at=places))
    assert answer.granted == chosen
    assert answer.denied == [action for action in ALL if action not in chosen]


@pytest.mark.parametrize("places", [[4], [0, 4], [0, 0]])
def test_positions_that_do_not_exist_or_repeat_are_refused(places: list[int]) -> None:
    with pytest.raises(InvalidInput, match="positions from 0 to 3, each once"):
        answer_of(asked(*ALL), grant(ISOLATE, at=places))


@pytest.mark.parametrize(
    "decision",
    [grant(ISOLATE), grant(ISOLATE, DISABLE, at=[0]), grant(DISABLE, at=[0]), grant(DISABLE, ISOLATE, at=[0, 1])],
    ids=["whole with the hash of one", "one with the hash of all", "one with the hash of another", "another order"],
)
def test_hash_of_other_actions_than_those_granted_is_refused(decision: ApprovalDecision) -> None:
    with pytest.raises(Conflict, match="other actions than those you were shown"):
        answer_of(asked(ISOLATE, DISABLE), decision)


def test_denial_with_positions_is_refused() -> None:
    denial = ApprovalDecision(approved=False, actions_hash=actions_hash([ISOLATE]), granted=[0])
    with pytest.raises(InvalidInput, match="A denial denies every action"):
        answer_of(asked(ISOLATE), denial)


def test_grant_of_everything_never_includes_a_protected_target() -> None:
    approval = asked(ISOLATE, ISOLATE_DC, dc_01="domain controller")
    with pytest.raises(InvalidInput) as refused:
        answer_of(approval, grant(ISOLATE, ISOLATE_DC))
    assert "isolate_host dc-01 (domain controller)" in str(refused.value)
    assert "Name positions in `granted`: without 1 they stay untouched." in str(refused.value)
    assert answer_of(approval, grant(ISOLATE, at=[0])).denied == [ISOLATE_DC]
    assert answer_of(approval, grant(ISOLATE, ISOLATE_DC, at=[0, 1])).granted == [ISOLATE, ISOLATE_DC]


@pytest.mark.parametrize("approved", [True, False])
def test_case_with_nothing_to_approve_takes_no_approval(approved: bool) -> None:
    with pytest.raises(Conflict, match="asks for a disposition"):
        answer_of(asked(), ApprovalDecision(approved=approved, actions_hash=actions_hash([])))


@pytest.mark.parametrize(
    ("actions", "persons"), [([ISOLATE], 1), ([COMMENT], 1), ([ISOLATE_DC], 2), ([ISOLATE, ISOLATE_DC], 2), ([], 1)]
)
def test_protected_target_takes_two_people(actions: list[Action], persons: int) -> None:
    assert asked(*ALL, dc_01="domain controller").persons_for(actions) == persons
