"""An action has its place in every registry: one that is added to one of them alone fails here."""

from local.simulators import judgement
from shared.contracts.action import DESTRUCTIVE, HARMLESS, Action, ActionName
from shared.investigation.agents.reasoning import SCHEMA
from shared.investigation.agents.response import TARGETS


def test_every_action_is_either_harmless_or_destructive() -> None:
    assert set(ActionName) == HARMLESS | DESTRUCTIVE
    assert set() == HARMLESS & DESTRUCTIVE


def test_action_of_no_set_needs_a_person() -> None:
    unknown = Action.model_construct(action="quarantine_fleet", target="x")  # type: ignore[arg-type]
    assert unknown.destructive


def test_every_destructive_action_says_what_it_may_target() -> None:
    assert set(TARGETS) == DESTRUCTIVE


def test_model_is_offered_the_closed_list_and_no_more() -> None:
    proposals = SCHEMA["properties"]["recommended_actions"]
    assert proposals["items"]["properties"]["action"]["enum"] == list(ActionName)


def test_simulated_model_proposes_from_the_closed_list() -> None:
    assert set(judgement.HARMLESS) <= HARMLESS
    assert set(judgement.TARGET_KINDS) <= DESTRUCTIVE
    for action, kinds in judgement.TARGET_KINDS.items():
        assert set(kinds) <= {str(kind) for kind in TARGETS[ActionName(action)]}
