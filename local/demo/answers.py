"""How the demo's senior analyst answers: by what speaks for a verdict, never by its place in a list. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.contracts.action import Action, actions_hash
from shared.contracts.disposition import DispositionName, DispositionReason

Json = Mapping[str, Any]

_D, _R = DispositionName, DispositionReason
# What somebody without more knowledge says of a case that asks for no action.
DISPOSITIONS = {
    "true_positive": (_D.TRUE_POSITIVE, _R.PART_OF_OTHER_CASE),
    "benign_true_positive": (_D.BENIGN_TRUE_POSITIVE, _R.SECURITY_TEST),
    "false_positive": (_D.FALSE_POSITIVE, _R.INCORRECT_RULE),
}
UNDETERMINED = (_D.UNDETERMINED, _R.INSUFFICIENT_DATA)


@dataclass(frozen=True)
class Answer:
    """One answer: where it is posted, with which body, and what it is in words."""

    investigation_id: str
    path: str
    body: dict[str, Any]
    word: str  # granted, granted in part, rejected, disposed
    why: str


def answers(waiting: Sequence[tuple[Json, Json]]) -> list[Answer]:
    """The answer to each approval, which comes with its case as the API shows it.

    The case with the weakest evidence among those that ask for containment is rejected, if there are several. A
    protected target is struck from a grant: it takes two people.
    """
    containing = [case for approval, case in waiting if any(action.destructive for action in _actions(approval))]
    weakest = min(containing, key=_strength)["investigation_id"] if len(containing) > 1 else ""
    return [_answer(approval, case, reject=case["investigation_id"] == weakest) for approval, case in waiting]


def _answer(approval: Json, case: Json, *, reject: bool) -> Answer:
    if approval["asks_for"] == "disposition":
        return _disposition(case)
    asked = _actions(approval)
    path = f"/approvals/{approval['approval_id']}"
    if reject:
        why = _weakness(case)
        body = {"approved": False, "actions_hash": approval["actions_hash"], "comment": why}
        return Answer(case["investigation_id"], path, body, "rejected", why)
    places = [place for place, action in enumerate(asked) if action.target not in approval["protected"]]
    struck = _struck(approval)
    why = "; ".join(f"{target} is left out: {reason}" for target, reason in struck.items())
    if not places:
        body = {"approved": False, "actions_hash": approval["actions_hash"], "comment": why}
        return Answer(case["investigation_id"], path, body, "rejected", why)
    granted = [asked[place] for place in places]
    body = {"approved": True, "granted": places, "actions_hash": actions_hash(granted), "comment": why or "agreed"}
    return Answer(case["investigation_id"], path, body, "granted in part" if struck else "granted", why)


def _disposition(case: Json) -> Answer:
    name, reason = DISPOSITIONS.get(case["graph_state"]["classification"], UNDETERMINED)
    body = {"disposition": name, "reason": reason, "comment": "nothing to approve"}
    path = f"/investigations/{case['investigation_id']}/disposition"
    return Answer(case["investigation_id"], path, body, "disposed", f"{name} ({reason})".replace("_", " "))


def _struck(approval: Json) -> dict[str, str]:
    targets = {action.target for action in _actions(approval)}
    return {target: reason for target, reason in approval["protected"].items() if target in targets}


def _strength(case: Json) -> tuple[float, int, int]:
    why = case["graph_state"]["case_facts"].get("why") or {}
    speaks_for, against = why.get("speaks_for", []), why.get("speaks_against", [])
    return case["graph_state"]["confidence"], len(speaks_for) - len(against), -len(why.get("missing", []))


def _weakness(case: Json) -> str:
    why = case["graph_state"]["case_facts"].get("why") or {}
    missing = [*(claim["claim"] for claim in why.get("speaks_against", [])), *why.get("missing", [])]
    said = f"; {missing[0]}" if missing else ""
    return f"the weakest evidence of all that asks for containment ({case['graph_state']['confidence']:.2f}{said})"


def _actions(approval: Json) -> list[Action]:
    return [Action.model_validate(action) for action in approval["actions"]]
