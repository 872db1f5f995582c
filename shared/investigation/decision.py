"""Close, act or ask: the decision table of the specification (llm.md §15). Pure; the first row that applies decides.

No row reads anything that a model could use to widen its own powers: destructive actions, safety and degradation are
judged by code.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from shared.contracts.executor import ExecutorConstraints
from shared.contracts.investigation import Classification, GraphState, InvestigationState
from shared.contracts.routing import DegradationLevel
from shared.investigation.case import is_incomplete
from shared.investigation.evidence import is_of_plant, is_safety_relevant, shows_tactic, what_was_cut
from shared.investigation.unattended import candidates, objections
from shared.routing.degradation import PERMISSIONS

SURE = 0.6  # below it a critical or high alert asks the stronger model, and nothing acts by itself
LATERAL_MOVEMENT_IN_PLANT = 0.8  # llm.md §5; the other floors are their detections' own
PREPARED = 0.85  # from here a destructive action counts as prepared, below it as suggested
AUTO_CLOSE_STRAINED = PERMISSIONS[DegradationLevel.SECONDARY_ACTIVE].auto_close_above

_LOUD = frozenset({"critical", "high"})
BENIGN = frozenset({Classification.FALSE_POSITIVE, Classification.BENIGN_TRUE_POSITIVE})
_UNCERTAIN = ("unclear", "ambiguous", "insufficient data", "conflicting signals", "cannot determine")
_NO_CLOSE = frozenset(level for level, allowed in PERMISSIONS.items() if not allowed.model_calls)


class Row(IntEnum):
    """The table's rows. The pattern that matches before a verdict (6) is decided elsewhere."""

    SHADOW_MODE = 0
    NO_VALID_VERDICT = 1
    DEGRADED = 2
    STILL_UNSURE = 3
    SAFETY_RELEVANT = 4
    DESTRUCTIVE_ACTION = 5
    CONFIRMED_BENIGN = 7
    UNCONFIRMED_BENIGN = 8
    LOW_CONFIDENCE = 9
    HARMLESS_RESPONSE = 10
    PERSON_DECIDES = 11

    def __str__(self) -> str:
        """As people read it: "destructive action (row 5)"."""
        return f"{self.name.lower().replace('_', ' ')} (row {self.value})"


@dataclass(frozen=True)
class Decision:
    """What follows from a verdict: the row that decided, the next state and the reason for people."""

    row: Row
    state: InvestigationState
    reason: str
    classification: str


def must_escalate(state: GraphState) -> bool:
    """A critical or high alert whose verdict is unsure goes to the stronger model, once, before STILL_UNSURE."""
    return state.alert_severity in _LOUD and _unsure(state) and not state.case_facts.model_refusal


def with_floor(state: GraphState) -> GraphState:
    """The judged state with at least the confidence that its detection guarantees, or that a dismissal of lateral
    movement in plant has (row 4); where there is no verdict there is nothing to raise.
    """
    floor = state.case_facts.confidence_floor
    if state.classification in BENIGN and is_of_plant(state) and shows_tactic(state, "lateral-movement"):
        floor = max(floor, LATERAL_MOVEMENT_IN_PLANT)
    if state.confidence >= floor or state.case_facts.model_refusal:
        return state
    return state.model_copy(update={"confidence": floor})


def decide(state: GraphState, constraints: ExecutorConstraints) -> Decision:
    """The decision for a judged state. ``fp_match`` and ``kill_switches`` stand in its case facts."""
    row, target, reason = _row(state, constraints)
    verdict = state.classification
    if row is Row.SAFETY_RELEVANT:
        verdict = Classification.REQUIRES_INVESTIGATION
    if shadow := state.case_facts.shadow:
        would = "have closed or acted" if target is InvestigationState.RESPONDING else "have asked a person"
        reason = f"{shadow} is in shadow mode, so a person decides; live it would {would}: {row}: {reason}"
        row, target = Row.SHADOW_MODE, InvestigationState.AWAITING_HUMAN
    return Decision(row=row, state=target, reason=reason, classification=verdict)


def _row(  # noqa: PLR0911 - one return a row
    state: GraphState, constraints: ExecutorConstraints
) -> tuple[Row, InvestigationState, str]:
    ask, act = InvestigationState.AWAITING_HUMAN, InvestigationState.RESPONDING
    refusal = state.case_facts.model_refusal
    if state.degradation_level in _NO_CLOSE:
        return Row.DEGRADED, ask, f"degraded to {state.degradation_level}: a person decides"
    if refusal:
        return Row.NO_VALID_VERDICT, ask, f"no valid verdict ({refusal}): a person decides"
    if state.alert_severity in _LOUD and _unsure(state):
        why = "; no call of the stronger model is left this hour" if state.case_facts.escalation_refused else ""
        return Row.STILL_UNSURE, ask, f"still unsure ({state.confidence:.2f}) about a {state.alert_severity} alert{why}"
    if state.classification in BENIGN and is_safety_relevant(state):
        return Row.SAFETY_RELEVANT, ask, "safety-relevant: never dismissed without a person"
    destructive = [action for action in state.recommended_actions if action.destructive]
    if destructive:
        names = ", ".join(f"{action.action} {action.target}" for action in destructive)
        return Row.DESTRUCTIVE_ACTION, ask, f"{'prepared' if state.confidence >= PREPARED else 'suggested'}: {names}"
    if is_incomplete(state):  # closed, it could not be investigated again
        return (
            Row.PERSON_DECIDES,
            ask,
            "the alert is incomplete: a person decides, unless the missing entities arrive first",
        )
    if changed := state.case_facts.changed_since:
        return (
            Row.PERSON_DECIDES,
            ask,
            f"a later message changed the alert's {', '.join(changed)}: the verdict does not know it",
        )
    if missing := state.case_facts.context_missing:
        return Row.PERSON_DECIDES, ask, f"judged without all of its context ({'; '.join(missing)}): a person decides"
    if state.classification in BENIGN:
        return _benign_row(state, constraints)
    if state.confidence < SURE:
        return Row.LOW_CONFIDENCE, ask, f"confidence {state.confidence:.2f} is under {SURE}"
    playbooks = [match["playbook_id"] for match in candidates(state)]
    allowed = bool(playbooks) and constraints.allowlisted_playbooks.issuperset(playbooks)
    confirmed = state.classification == Classification.TRUE_POSITIVE and not state.requires_human_approval
    if confirmed and allowed and state.recommended_actions:
        if found := objections(state):
            return Row.PERSON_DECIDES, ask, f"playbook {playbooks[0]} may not act alone: {'; '.join(found)}"
        return Row.HARMLESS_RESPONSE, act, f"harmless response by allow-listed playbook {playbooks[0]}"
    return Row.PERSON_DECIDES, ask, "nothing allows this to be closed without a person"


def _benign_row(state: GraphState, constraints: ExecutorConstraints) -> tuple[Row, InvestigationState, str]:
    ask, says = InvestigationState.AWAITING_HUMAN, f"the model says {state.classification}"
    if state.case_facts.kill_switches:
        return Row.UNCONFIRMED_BENIGN, ask, f"{says}, but a kill switch is on"
    if constraints.require_fp_match_for_auto_close and not state.case_facts.fp_match:
        return Row.UNCONFIRMED_BENIGN, ask, f"{says}, but no approved pattern confirms it"
    limit = AUTO_CLOSE_STRAINED if is_strained(state) else constraints.min_confidence_for_auto_close
    if state.confidence <= limit:
        row = Row.LOW_CONFIDENCE if state.confidence < SURE else Row.PERSON_DECIDES
        return row, ask, f"{says} with {state.confidence:.2f}, not above {limit}"
    if cut := what_was_cut(state):
        return Row.PERSON_DECIDES, ask, f"{says}, but was not shown all of the alert ({'; '.join(cut)})"
    if state.requires_human_approval:
        return Row.PERSON_DECIDES, ask, f"{says}, but wants a person to look"
    return Row.CONFIRMED_BENIGN, InvestigationState.RESPONDING, "benign, confirmed by an approved pattern"


def is_strained(state: GraphState) -> bool:
    """Whether less than all of the system stands behind a dismissal, or its pattern's rule has drifted."""
    match = state.case_facts.fp_match
    return state.degradation_level != DegradationLevel.FULL_CAPABILITY or bool(match and match.drifting)


def _unsure(state: GraphState) -> bool:
    if state.confidence < SURE:
        return True
    text = " ".join(state.case_facts.reasoning_chain).lower()
    return any(word in text for word in _UNCERTAIN)
