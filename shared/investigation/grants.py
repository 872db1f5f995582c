"""Which actions an answer grants and which it denies. Pure; what does not fit is refused with what to do instead."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.contracts.action import Action, actions_hash
from shared.contracts.approval import Approval, ApprovalDecision
from shared.errors import Conflict, InvalidInput


@dataclass(frozen=True)
class Answer:
    """What a person decided about each action of an approval."""

    granted: list[Action] = field(default_factory=list)
    denied: list[Action] = field(default_factory=list)


def answer_of(approval: Approval, decision: ApprovalDecision) -> Answer:
    """The actions by what the decision says. Raises InvalidInput; Conflict when it is about other actions."""
    if not approval.actions:
        raise Conflict(
            f"approval {approval.approval_id} asks for a disposition: there is no action to approve or to deny. Answer "
            f"with POST /investigations/{approval.investigation_id}/disposition"
        )
    if not decision.approved and decision.granted is not None:
        raise InvalidInput(
            "granted",
            got=repr(decision.granted),
            expected="no positions beside approved: false",
            hint="A denial denies every action; to grant some, send approved: true with their positions.",
        )
    places = _places(approval, decision)
    chosen = [approval.actions[place] for place in places]
    shown = chosen if decision.approved else approval.actions
    if decision.actions_hash != actions_hash(shown):
        raise Conflict(
            f"approval {approval.approval_id} asks about other actions than those you were shown; load it again and "
            "send the hash of exactly the actions that you grant"
        )
    if decision.approved and decision.granted is None:
        _refuse_protected(approval)
    denied = [action for place, action in enumerate(approval.actions) if place not in places]
    return Answer(granted=chosen, denied=denied)


def _places(approval: Approval, decision: ApprovalDecision) -> list[int]:
    """Positions of what is granted, in the approval's order."""
    if not decision.approved:
        return []
    asked = range(len(approval.actions))
    if decision.granted is None:
        return list(asked)
    if len(set(decision.granted)) != len(decision.granted) or not set(decision.granted) <= set(asked):
        raise InvalidInput(
            "granted",
            got=repr(decision.granted),
            expected=f"positions from 0 to {asked[-1]}, each once",
            hint="They count the approval's actions in the order shown.",
        )
    return sorted(decision.granted)


def _refuse_protected(approval: Approval) -> None:
    """A grant of everything is no considered answer about a protected target."""
    named = {
        place: f"{action.action} {action.target} ({approval.protected[action.target]})"
        for place, action in enumerate(approval.actions)
        if action.target in approval.protected
    }
    if named:
        raise InvalidInput(
            "granted",
            got="a grant of every action",
            expected=f"the positions of the actions that you grant, because these targets are protected: "
            f"{'; '.join(named.values())}",
            hint=f"Name positions in `granted`: without {', '.join(map(str, named))} they stay untouched.",
        )
