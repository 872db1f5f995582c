"""The demo's senior analyst: who is granted, what is struck, who is rejected."""

from typing import Any

from local.demo.answers import answers
from local.demo.settling import handed_over
from shared.contracts.action import Action, actions_hash

ISOLATE = {"action": "isolate_host", "target": "WS-1"}
CONTROLLER = {"action": "isolate_host", "target": "DC-01"}
COMMENT = {"action": "add_comment", "target": "a-1"}


def asked(
    name: str, confidence: float, actions: list[dict[str, str]], *, protected: dict[str, str] | None = None, **why: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """An approval and its case."""
    approval = {
        "approval_id": f"ap-{name}",
        "asks_for": "actions" if actions else "disposition",
        "actions": actions,
        "actions_hash": actions_hash([Action.model_validate(action) for action in actions]),
        "protected": protected or {},
    }
    state = {"classification": "true_positive", "confidence": confidence, "case_facts": {"why": why}}
    return approval, {"investigation_id": name, "graph_state": state}


def test_weakest_evidence_is_rejected_wherever_it_stands_and_the_best_is_granted() -> None:
    weak = asked("weak", 0.7, [ISOLATE], missing=["who started it"])
    best = asked("best", 0.95, [ISOLATE])
    for waiting in ([weak, best], [best, weak]):
        words = {answer.investigation_id: answer.word for answer in answers(waiting)}
        assert words == {"weak": "rejected", "best": "granted"}


def test_case_without_containment_is_never_the_one_rejected() -> None:
    waiting = [asked("note", 0.3, [COMMENT]), asked("a", 0.8, [ISOLATE]), asked("b", 0.9, [ISOLATE])]
    assert {answer.word for answer in answers(waiting) if answer.investigation_id == "note"} == {"granted"}


def test_only_case_with_containment_is_granted() -> None:
    assert [answer.word for answer in answers([asked("a", 0.7, [ISOLATE])])] == ["granted"]


def test_protected_target_is_struck_from_the_grant_and_named() -> None:
    dcsync = asked("dcsync", 0.9, [ISOLATE, CONTROLLER], protected={"DC-01": "it is a domain controller"})
    (answer,) = answers([dcsync])
    assert (answer.word, answer.body["granted"]) == ("granted in part", [0])
    assert answer.body["actions_hash"] == actions_hash([Action.model_validate(ISOLATE)])
    assert answer.why == "DC-01 is left out: it is a domain controller"


def test_case_without_actions_gets_a_disposition_instead_of_an_approval() -> None:
    (answer,) = answers([asked("a", 0.9, [])])
    assert (answer.word, answer.path) == ("disposed", "/investigations/a/disposition")


def test_actions_handed_over_are_those_that_were_granted() -> None:
    state = {"outcome": "partly_approved", "recommended_actions": [ISOLATE, CONTROLLER]}
    granted = {"status": "partly_granted", "actions": [ISOLATE]}
    assert handed_over({"approvals": [granted], "graph_state": state}) == 1
    assert handed_over({"approvals": [], "graph_state": state | {"outcome": "rejected"}}) == 0
    assert handed_over({"approvals": [], "graph_state": state | {"outcome": "responded"}}) == 2
