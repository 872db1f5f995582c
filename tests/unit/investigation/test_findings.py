"""Findings: what parallel agents found is merged to the same state, whichever came first."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.investigation import CaseFacts, DecisionEntry, GraphState
from shared.investigation.findings import finding, merged


def line(step: str) -> DecisionEntry:
    return DecisionEntry(
        step=step, agent=step, action="a", reasoning="r", timestamp="t", state_before="s", state_after="s"
    )


START = GraphState(
    investigation_id="i-1",
    llm_calls=1,
    queries_executed=1,
    total_cost_usd=0.5,
    case_facts=CaseFacts(opened_at="t"),
    decision_chain=[line("extract")],
)
CHANGES: dict[str, dict[str, Any]] = {
    "enrich": {
        "risk_state": "high",
        "queries_executed": 3,
        "case_facts": CaseFacts(opened_at="t", structured_search=True),
    },
    "correlate": {"ctem_exposures": [{"exposure_key": "k"}], "ctem_stale": True, "queries_executed": 2},
    "map": {"atlas_techniques": [{"technique_id": "T1003"}], "llm_calls": 2, "total_cost_usd": 0.75},
}


def found(step: str) -> dict[str, Any]:
    after = START.model_copy(update={**CHANGES[step], "decision_chain": [*START.decision_chain, line(step)]})
    return finding(START, after)


@pytest.mark.parametrize("order", list(permutations(CHANGES)))
def test_merged_gives_the_same_state_in_any_order(order: tuple[str, ...]) -> None:
    state = merged(START, *(found(step) for step in order))
    assert state.risk_state == "high"
    assert state.ctem_exposures == [{"exposure_key": "k"}]
    assert state.atlas_techniques == [{"technique_id": "T1003"}]
    assert state.case_facts == CaseFacts(opened_at="t", structured_search=True)
    assert (state.llm_calls, state.queries_executed, state.total_cost_usd) == (2, 4, 0.75)
    assert [entry.step for entry in state.decision_chain] == ["extract", *order]


def test_merged_of_nothing_changes_nothing() -> None:
    assert merged(START, finding(START, START)) == START


def test_finding_holds_only_what_changed() -> None:
    assert finding(START, START) == {}
    assert set(found("correlate")) == {"ctem_exposures", "ctem_stale", "queries_executed", "decision_chain"}


@given(calls=st.lists(st.integers(0, 5), max_size=5))
def test_merged_counters_add_up(calls: list[int]) -> None:
    findings = [finding(START, START.model_copy(update={"llm_calls": START.llm_calls + count})) for count in calls]
    assert merged(START, *findings).llm_calls == START.llm_calls + sum(calls)
