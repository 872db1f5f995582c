"""Figures of incident memory and risk (llm.md §14, data-model §4.4-4.5)."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.investigation import RiskState
from shared.contracts.risk import RiskSignal
from shared.knowledge.incidents import incident_score
from shared.knowledge.risk import risk_state, worst_risk
from shared.knowledge.sparse import MAX_CHARACTERS, sparse_vector, tokens

TENANT = 0.15  # every candidate is of the same tenant


def recency(age_days: float) -> float:
    return (incident_score(similarity=0, age_days=age_days, techniques=[], others=[]) - TENANT) / 0.30


@pytest.mark.parametrize(("age_days", "decay"), [(0, 1.0), (30, 0.502), (180, 0.016), (-5, 1.0)])
def test_recency_decays_as_specified(age_days: float, decay: float) -> None:
    assert recency(age_days) == pytest.approx(decay, abs=0.0005)


def test_recency_halves_in_30_1_days() -> None:
    assert recency(30.1) == pytest.approx(0.5, abs=0.001)


@pytest.mark.parametrize(
    ("techniques", "others", "jaccard"),
    [
        (["T1003"], ["T1003"], 1.0),
        (["T1003", "T1059"], ["T1003"], 0.5),
        (["T1003", "T1059"], ["T1059", "T1021"], 1 / 3),
        (["T1003"], ["T1059"], 0.0),
        ([], ["T1059"], 0.0),
        ([], [], 0.0),
    ],
)
def test_score_adds_similarity_recency_tenant_and_techniques(
    techniques: list[str], others: list[str], jaccard: float
) -> None:
    score = incident_score(similarity=0.5, age_days=0, techniques=techniques, others=others)
    assert score == pytest.approx(0.40 * 0.5 + 0.30 + 0.15 + 0.15 * jaccard)


def test_score_of_the_same_case_of_today_is_one() -> None:
    assert incident_score(similarity=1, age_days=0, techniques=["T1"], others=["T1"]) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("priority", "age_hours", "state"),
    [
        (None, 0, "no_baseline"),
        (None, 100, "no_baseline"),
        (0, 24.01, "unknown"),
        (10, 24.01, "unknown"),
        (0, 24, "low"),
        (2.99, 0, "low"),
        (3, 0, "medium"),
        (5.99, 0, "medium"),
        (6, 0, "high"),
        (10, 24, "high"),
    ],
)
def test_risk_state_of_one_signal(priority: float | None, age_hours: float, state: str) -> None:
    assert risk_state(priority, age_hours) == state


def signal(state: str) -> RiskSignal:
    return RiskSignal(
        entity_id="e", signal_type="ueba", risk_state=RiskState(state), risk_score=1, data_freshness_hours=0, source="s"
    )


@pytest.mark.parametrize(
    ("states", "worst"),
    [
        ([], "no_baseline"),
        (["low", "no_baseline"], "low"),
        (["low", "unknown"], "unknown"),
        (["unknown", "medium"], "medium"),
        (["medium", "high", "low"], "high"),
    ],
)
def test_worst_risk_never_calls_missing_or_old_data_low(states: list[str], worst: str) -> None:
    assert worst_risk([signal(state) for state in states]) == worst


def test_sparse_vector_counts_words_by_logarithm() -> None:
    once, thrice = sparse_vector("mimikatz"), sparse_vector("Mimikatz, (MIMIKATZ) mimikatz.")
    assert list(once.values()) == [1.0]
    assert thrice == {next(iter(once)): pytest.approx(1 + math.log(3))}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("T1003.001 AML.T0020.000 T1059", {"t1003.001", "t1003", "aml.t0020.000", "aml.t0020", "t1059"}),
        ("read by C:\\Temp\\run32.exe", {"read", "run32.exe", "run32", "temp"}),
        ("WS-0147.northlight.example", {"ws-0147.northlight.example", "ws-0147", "northlight.example"}),
        ("hxxps://evil[.]example/a", {"evil.example"}),
        ("from 192.0.2.7:443,", {"192.0.2.7", "192.0.2.7:443"}),
        ("reads reading read", {"read"}),
    ],
)
def test_tokens_are_names_and_what_a_later_text_calls_them(text: str, expected: set[str]) -> None:
    assert expected <= set(tokens(text))


def test_tokens_of_an_address_are_no_parts_of_it() -> None:
    assert set(tokens("10.0.0.1 fe80::1")) == {"10.0.0.1", "fe80::1"}


def test_sparse_vector_keeps_addresses_and_names_whole() -> None:
    assert set(sparse_vector("10.0.0.1")) != set(sparse_vector("10.0.0.2"))
    assert set(sparse_vector("from 10.0.0.1.")) >= set(sparse_vector("10.0.0.1"))


def test_sparse_vector_reads_only_the_start_of_an_endless_text() -> None:
    assert set(sparse_vector("a1 " * MAX_CHARACTERS + "needle")) == set(sparse_vector("a1"))


@given(text=st.text(max_size=300))
def test_sparse_vector_of_any_text_has_positive_weights(text: str) -> None:
    assert all(weight >= 1 and 0 <= index < 2**32 for index, weight in sparse_vector(text).items())
