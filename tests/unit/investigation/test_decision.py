"""The decision table, row by row (llm.md §15), and what no answer of a model can bring about."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.action import DESTRUCTIVE, Action, ActionName
from shared.contracts.alert import ENTITIES_MISSING, EVIDENCE_ONLY
from shared.contracts.executor import ExecutorConstraints
from shared.contracts.investigation import Classification, GraphState, InvestigationState
from shared.contracts.routing import DegradationLevel
from shared.investigation.decision import Row, decide, must_escalate, with_floor
from shared.investigation.evidence import is_safety_relevant

ASK, ACT = InvestigationState.AWAITING_HUMAN, InvestigationState.RESPONDING
LIMITS = ExecutorConstraints(allowlisted_playbooks=frozenset({"pb-note"}))
MATCH = {"fp_match": {"pattern_id": "fp-1", "confidence": 0.97, "reason": "our scanner"}}
NOTE = Action(action=ActionName.ADD_COMMENT, target="alert-1")
PB_NOTE = {"playbook_id": "pb-note", "score": 4, "unmet": []}
SCREENED = {"injection_risk": "none"}
ISOLATE = Action(action=ActionName.ISOLATE_HOST, target="ws-17")
OT = "Microsoft Defender for IoT"


def judged(**fields: Any) -> GraphState:
    """A medium alert judged true positive with 0.80, one harmless action, on an allow-listed playbook."""
    verdict = {
        "investigation_id": "i-1",
        "state": InvestigationState.REASONING,
        "alert_severity": "medium",
        "severity": "medium",
        "classification": "true_positive",
        "confidence": 0.8,
        "recommended_actions": [NOTE],
        "playbook_matches": [PB_NOTE],
        "case_facts": SCREENED,
    }
    return GraphState.model_validate(verdict | fields)


def benign(confidence: float, **fields: Any) -> GraphState:
    """The same, judged false positive and confirmed by an approved pattern."""
    return judged(
        **{"classification": "false_positive", "confidence": confidence, "recommended_actions": [], "case_facts": MATCH}
        | fields
    )


ROWS = {
    "quarantined input": (Row.NO_VALID_VERDICT, ASK, judged(case_facts={"model_refusal": "input_quarantined"})),
    "invalid output": (Row.NO_VALID_VERDICT, ASK, judged(case_facts={"model_refusal": "invalid_output"})),
    "invalid output beside a pattern": (
        Row.NO_VALID_VERDICT,
        ASK,
        benign(0.99, case_facts=MATCH | {"model_refusal": "invalid_output"}),
    ),
    "no model": (Row.DEGRADED, ASK, judged(confidence=0.99, degradation_level="deterministic_only")),
    "passthrough": (Row.DEGRADED, ASK, judged(confidence=0.99, degradation_level="passthrough")),
    "no model, known pattern": (Row.DEGRADED, ASK, benign(0.99, degradation_level="deterministic_only")),
    "critical, just unsure": (Row.STILL_UNSURE, ASK, judged(alert_severity="critical", confidence=0.5999)),
    "critical, just sure": (Row.PERSON_DECIDES, ASK, judged(alert_severity="critical", confidence=0.6)),
    "high, unsure": (Row.STILL_UNSURE, ASK, judged(alert_severity="high", confidence=0.3)),
    "high, unsure that it is benign": (Row.STILL_UNSURE, ASK, benign(0.59, alert_severity="high")),
    "OT product called benign": (Row.SAFETY_RELEVANT, ASK, benign(0.99, product=OT)),
    "ICS technique called benign": (Row.SAFETY_RELEVANT, ASK, benign(0.99, techniques=["T0803"])),
    "danger to life called benign": (
        Row.SAFETY_RELEVANT,
        ASK,
        benign(0.99, ctem_exposures=[{"physical_consequence": "safety_life"}]),
    ),
    "OT product called benign but real": (
        Row.SAFETY_RELEVANT,
        ASK,
        benign(0.99, product=OT, classification="benign_true_positive"),
    ),
    "destructive, certain": (Row.DESTRUCTIVE_ACTION, ASK, judged(confidence=1.0, recommended_actions=[ISOLATE])),
    "destructive beside harmless": (
        Row.DESTRUCTIVE_ACTION,
        ASK,
        judged(confidence=1.0, recommended_actions=[NOTE, ISOLATE]),
    ),
    "destructive on a benign alert": (Row.DESTRUCTIVE_ACTION, ASK, benign(1.0, recommended_actions=[ISOLATE])),
    "harmless, entities still to come": (Row.PERSON_DECIDES, ASK, judged(case_facts={"flags": [ENTITIES_MISSING]})),
    "benign, only one row of evidence": (
        Row.PERSON_DECIDES,
        ASK,
        benign(0.99, case_facts=MATCH | {"flags": [EVIDENCE_ONLY]}),
    ),
    "benign just above the limit": (Row.CONFIRMED_BENIGN, ACT, benign(0.8501)),
    "benign at the limit": (Row.PERSON_DECIDES, ASK, benign(0.85)),
    "benign true positive": (Row.CONFIRMED_BENIGN, ACT, benign(0.9, classification="benign_true_positive")),
    "second provider, just above its limit": (
        Row.CONFIRMED_BENIGN,
        ACT,
        benign(0.9501, degradation_level="secondary_active"),
    ),
    "second provider, at its limit": (Row.PERSON_DECIDES, ASK, benign(0.95, degradation_level="secondary_active")),
    "benign, the model wants a person": (Row.PERSON_DECIDES, ASK, benign(0.99, requires_human_approval=True)),
    "benign without pattern": (Row.UNCONFIRMED_BENIGN, ASK, benign(0.99, case_facts={})),
    "benign under a kill switch": (
        Row.UNCONFIRMED_BENIGN,
        ASK,
        benign(0.99, case_facts=MATCH | {"kill_switches": ["tenant:t"]}),
    ),
    "benign, unsure": (Row.LOW_CONFIDENCE, ASK, benign(0.59)),
    "medium, unsure": (Row.LOW_CONFIDENCE, ASK, judged(confidence=0.5999)),
    "low, unsure": (Row.LOW_CONFIDENCE, ASK, judged(alert_severity="low", confidence=0.1)),
    "harmless, allow-listed, just sure": (Row.HARMLESS_RESPONSE, ACT, judged(confidence=0.6)),
    "harmless, playbook not allow-listed": (
        Row.PERSON_DECIDES,
        ASK,
        judged(playbook_matches=[{"playbook_id": "pb-x"}]),
    ),
    "harmless, best playbook not allow-listed": (
        *(Row.PERSON_DECIDES, ASK),
        judged(playbook_matches=[{"playbook_id": "pb-x", "unmet": []}, PB_NOTE]),
    ),
    "no playbook": (Row.PERSON_DECIDES, ASK, judged(playbook_matches=[])),
    "nothing to do": (Row.PERSON_DECIDES, ASK, judged(recommended_actions=[])),
    "the model wants a person": (Row.PERSON_DECIDES, ASK, judged(requires_human_approval=True)),
    "requires investigation": (
        Row.PERSON_DECIDES,
        ASK,
        judged(classification="requires_investigation", confidence=0.99),
    ),
    "a verdict that is none": (Row.PERSON_DECIDES, ASK, judged(classification="probably fine", confidence=0.99)),
}


@pytest.mark.parametrize(("row", "target", "state"), ROWS.values(), ids=ROWS.keys())
def test_decide_applies_the_first_fitting_row(row: Row, target: InvestigationState, state: GraphState) -> None:
    decision = decide(state, LIMITS)
    assert (decision.row, decision.state) == (row, target)


def test_decide_turns_a_safety_relevant_dismissal_into_an_open_question() -> None:
    assert decide(benign(0.99, product=OT), LIMITS).classification == "requires_investigation"
    assert decide(benign(0.99), LIMITS).classification == "false_positive"


def test_detection_of_a_danger_to_plant_is_raised_to_its_floor_and_not_dismissed() -> None:
    answered = benign(0.3, alert_severity="critical", fp_dismissal_allowed=False, case_facts={"confidence_floor": 0.7})
    floored = with_floor(answered)
    decision = decide(floored, LIMITS)
    assert floored.confidence == 0.7
    assert (decision.row, decision.state) == (Row.SAFETY_RELEVANT, ASK)
    assert decision.classification == "requires_investigation"
    assert must_escalate(answered)  # the stronger model is asked because of what the first one said


@pytest.mark.parametrize(
    ("fields", "confidence"),
    [
        ({"techniques": ["T0866"]}, 0.8),
        ({"product": OT, "tactics": ["lateral-movement"]}, 0.8),
        ({"product": OT, "case_facts": {"model_techniques": ["T1021"]}}, 0.8),
        ({"techniques": ["T0866"], "classification": "true_positive"}, 0.3),
        ({"techniques": ["T1021"]}, 0.3),
        ({"techniques": ["T0803"]}, 0.3),
    ],
    ids=["technique of ICS", "OT product", "named by the model", "no dismissal", "not in plant", "other tactic"],
)
def test_dismissed_lateral_movement_in_plant_is_raised_to_its_floor(fields: dict[str, Any], confidence: float) -> None:
    assert with_floor(benign(0.3, **fields)).confidence == confidence


def test_floor_raises_no_refusal_and_lowers_nothing() -> None:
    refused = judged(confidence=0.0, case_facts={"confidence_floor": 0.7, "model_refusal": "invalid_output"})
    assert with_floor(refused).confidence == 0.0
    assert with_floor(judged(confidence=0.9, case_facts={"confidence_floor": 0.7})).confidence == 0.9


@pytest.mark.parametrize(("confidence", "word"), [(0.85, "prepared"), (0.8499, "suggested")])
def test_decide_says_whether_a_destructive_action_is_prepared(confidence: float, word: str) -> None:
    state = judged(confidence=confidence, recommended_actions=[ISOLATE])
    assert decide(state, LIMITS).reason == f"{word}: isolate_host ws-17"


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (benign(0.99, case_facts={}), "the model says false_positive, but no approved pattern confirms it"),
        (benign(0.99, case_facts=MATCH | {"kill_switches": ["x"]}), "the model says false_positive, but a kill switch"),
        (benign(0.7), "the model says false_positive with 0.70, not above 0.85"),
        (
            benign(0.95, case_facts={"fp_match": MATCH["fp_match"] | {"drifting": True}}),
            "the model says false_positive with 0.95, not above 0.95",
        ),
        (benign(0.99, case_facts=MATCH | {"context_missing": ["exposures: x"]}), "judged without all of its context"),
    ],
)
def test_decide_names_what_kept_a_benign_alert_open(state: GraphState, reason: str) -> None:
    assert decide(state, LIMITS).reason.startswith(reason)


def test_decide_acts_on_nothing_with_the_default_constraints() -> None:
    assert decide(judged(confidence=1.0), ExecutorConstraints()).state is ASK


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (judged(alert_severity="critical", confidence=0.5999), True),
        (judged(alert_severity="high", confidence=0.5999), True),
        (judged(alert_severity="high", confidence=0.6), False),
        (judged(alert_severity="medium", confidence=0.1), False),
        (judged(alert_severity="high", confidence=0.9, case_facts={"reasoning_chain": ["It is Unclear who."]}), True),
        (judged(alert_severity="high", confidence=0.9, case_facts={"reasoning_chain": ["Conflicting signals"]}), True),
        (judged(alert_severity="high", confidence=0.0, case_facts={"model_refusal": "input_quarantined"}), False),
    ],
)
def test_must_escalate_only_an_unsure_verdict_on_a_loud_alert(state: GraphState, expected: bool) -> None:
    assert must_escalate(state) is expected


ANY_STATE = st.builds(
    judged,
    classification=st.sampled_from([*Classification, "", "closed", "false_positive "]),
    confidence=st.floats(0, 1),
    alert_severity=st.sampled_from(["critical", "high", "medium", "low", "informational"]),
    severity=st.sampled_from(["critical", "low", ""]),
    recommended_actions=st.lists(st.builds(Action, action=st.sampled_from(ActionName), target=st.text(max_size=8))),
    requires_human_approval=st.booleans(),
    degradation_level=st.sampled_from(DegradationLevel),
    product=st.sampled_from(["", OT, "Microsoft Defender XDR"]),
    techniques=st.lists(st.sampled_from(["T0803", "T1003", "AML.T0051", "T9999", ""]), max_size=2),
    playbook_matches=st.sampled_from(
        [[], [PB_NOTE], [{"playbook_id": "pb-x", "unmet": []}], [{"playbook_id": "pb-note"}]]
    ),
    case_facts=st.fixed_dictionaries(
        {},
        optional={
            "fp_match": st.just(MATCH["fp_match"]),
            "kill_switches": st.sampled_from([[], ["tenant:t"]]),
            "model_refusal": st.sampled_from(["", "invalid_output"]),
            "reasoning_chain": st.lists(st.text(max_size=20), max_size=2),
            "injection_risk": st.sampled_from(["", "none", "low", "medium"]),
            "destructive_proposals": st.sampled_from([[], ["isolate_host"]]),
        },
    ),
)


@given(state=ANY_STATE)
def test_decide_never_acts_on_what_only_a_person_may_allow(state: GraphState) -> None:
    decision = decide(state, LIMITS)
    assert decision.state in {ASK, ACT}
    if decision.state is ASK:
        return
    assert not any(action.action in DESTRUCTIVE for action in state.recommended_actions)
    assert not (is_safety_relevant(state) and decision.classification != "true_positive")
    assert state.degradation_level in {"full_capability", "secondary_active"}
    assert not state.case_facts.model_refusal
    assert state.confidence >= 0.6
    assert not state.requires_human_approval
    if decision.classification == "true_positive":
        assert state.playbook_matches == [PB_NOTE]
        assert not {"critical", "high"} & {state.alert_severity, state.severity}
        assert state.case_facts.injection_risk in {"none", "low"}
        assert state.case_facts.destructive_proposals == []
    else:
        assert state.case_facts.fp_match
        assert not state.case_facts.kill_switches
