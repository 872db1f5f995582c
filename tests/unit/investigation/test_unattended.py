"""One objection is enough: what must hold before a model's verdict may act and close without a person."""

from typing import Any

import pytest

from shared.contracts.executor import ExecutorConstraints
from shared.contracts.investigation import GraphState, InvestigationState
from shared.investigation.decision import Row, decide
from shared.investigation.unattended import objections

LIMITS = ExecutorConstraints(allowlisted_playbooks=frozenset({"pb-note"}))


def case(facts: dict[str, Any] | None = None, **fields: Any) -> GraphState:
    """A case that may act without a person: a medium port scan, a comment on it, a playbook whose conditions hold."""
    return GraphState.model_validate(
        {
            "investigation_id": "i-1",
            "state": InvestigationState.REASONING,
            "alert_severity": "medium",
            "severity": "medium",
            "tactics": ["reconnaissance"],
            "techniques": ["T1595"],
            "classification": "true_positive",
            "confidence": 0.9,
            "recommended_actions": [{"action": "add_comment", "target": "alert-1"}],
            "playbook_matches": [{"playbook_id": "pb-note", "score": 4, "unmet": []}],
            "case_facts": {"injection_risk": "none", **(facts or {})},
            **fields,
        }
    )


OBJECTIONS = {
    "critical alert": (case(alert_severity="critical"), "the alert or the verdict is critical"),
    "high alert that the model calls low": (case(alert_severity="high", severity="low"), "verdict is high"),
    "verdict of more than the alert": (case(severity="critical"), "verdict is critical"),
    "verdict of a severity that nobody knows": (case(severity="harmless"), "verdict is harmless"),
    "destructive proposal that was dropped": (
        case({"destructive_proposals": ["disable_account", "isolate_host"]}),
        "the model proposed disable_account, isolate_host",
    ),
    "tactic of the alert": (case(tactics=["credential-access"]), "the case shows credential-access"),
    "technique of the alert": (case(techniques=["T1003.001"]), "the case shows credential-access"),
    "technique that replaced the alert's": (case(techniques=["T1086"]), ""),  # PowerShell, now T1059.001: execution
    "technique that the model named": (
        case({"model_techniques": ["T1486"]}),
        "the case shows impact",
    ),
    "technique that no taxonomy knows": (case({"quarantined_ids": ["T1003.099"]}), "1 technique(s) that no taxonomy"),
    "kill switch": (case({"kill_switches": ["tenant:t"]}), "a kill switch is on (tenant:t)"),
    "technique of ATLAS": (case(atlas_techniques=[{"technique_id": "AML.T0024"}]), "the case shows exfiltration"),
    "technique against a plant": (case(techniques=["T0814"]), "the case shows inhibit-response-function"),
    "order to a model": (case({"injection_risk": "medium"}), "the alert's text may address the model (risk medium)"),
    "text that was never screened": (case({"injection_risk": ""}), "(risk unknown)"),
    "hint of an order": (case({"injection_risk": "low"}), ""),
    "answer with markup": (case({"answer_flags": ["markup_removed: 1 text(s)"]}), "(markup_removed)"),
    "severity that nobody knows": (case({"flags": ["severity_unknown:Severe"]}), "(severity_unknown)"),
    "description cut at intake": (case({"flags": ["description_cut"]}), "(description_cut)"),
    "more text than is shown": (case(alert_description="y" * 20_001), "was not shown all of the alert (description"),
    "condition of the playbook": (
        case(
            playbook_matches=[
                {
                    "playbook_id": "pb-note",
                    "score": 4,
                    "unmet": ["the playbook was not written for these entities (url)"],
                }
            ]
        ),
        "the playbook was not written for these entities (url)",
    ),
    "playbook matched before there were conditions": (
        case(playbook_matches=[{"playbook_id": "pb-note", "score": 4}]),
        "no playbook says that it may",
    ),
    "nothing": (case(), ""),
}


@pytest.mark.parametrize(("state", "expected"), OBJECTIONS.values(), ids=OBJECTIONS)
def test_each_condition_alone_leaves_the_case_to_a_person_and_says_why(state: GraphState, expected: str) -> None:
    decision = decide(state, LIMITS)
    if expected:
        assert any(expected in objection for objection in objections(state))
        assert (decision.row, decision.state) == (Row.PERSON_DECIDES, InvestigationState.AWAITING_HUMAN)
        assert expected in decision.reason
    else:
        assert objections(state) == []
        assert decision.row is Row.HARMLESS_RESPONSE


def test_later_message_keeps_any_verdict_that_would_end_the_case_with_a_person() -> None:
    benign = {"fp_match": {"pattern_id": "p", "confidence": 0.97, "reason": "r"}, "changed_since": ["severity"]}
    for state in (case({"changed_since": ["severity"]}), case(benign, classification="false_positive")):
        decision = decide(state, LIMITS)
        assert (decision.row, decision.state) == (Row.PERSON_DECIDES, InvestigationState.AWAITING_HUMAN)
        assert "a later message changed the alert's severity" in decision.reason


def test_description_cut_at_intake_keeps_a_benign_verdict_with_a_person_too() -> None:
    benign = {"fp_match": {"pattern_id": "p", "confidence": 0.97, "reason": "r"}}
    assert decide(case(benign, classification="false_positive"), LIMITS).row is Row.CONFIRMED_BENIGN
    cut = decide(case({**benign, "flags": ["description_cut"]}, classification="false_positive"), LIMITS)
    assert (cut.row, cut.state) == (Row.PERSON_DECIDES, InvestigationState.AWAITING_HUMAN)
