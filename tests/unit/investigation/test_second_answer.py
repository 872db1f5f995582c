"""Which of two answers of a model counts, and what of the other stays on the case."""

from typing import Any

import pytest

from shared.contracts.investigation import GraphState
from shared.investigation.steps.verdict import _best

STATE = GraphState(investigation_id="i-1")
ANSWER = {"question": "log_ons_to_device", "rows": [{"LogonType": "RemoteInteractive"}]}


def found(confidence: float, **more: Any) -> dict[str, Any]:
    return {"classification": f"of {confidence}", "confidence": confidence, "llm_calls": 1, **more}


@pytest.mark.parametrize(
    ("second", "counts"),
    [
        (found(0.9), 0.9),
        (found(0.5), 0.8),
        (found(0.5, log_answers=[ANSWER], queries_executed=2), 0.5),
        (found(0.0, log_answers=[ANSWER], queries_executed=2, case_facts={"model_refusal": "input_quarantined"}), 0.8),
    ],
    ids=["surer", "less sure", "less sure with more logs", "refused with more logs"],
)
def test_answer_that_counts_is_the_surer_or_the_valid_one_that_saw_more(second: dict[str, Any], counts: float) -> None:
    best = _best(STATE, [found(0.8), second])
    assert (best.confidence, best.llm_calls) == (counts, 2)
    assert best.queries_executed == second.get("queries_executed", 0)
    assert [answer.question for answer in best.log_answers] == [a["question"] for a in second.get("log_answers", [])]
