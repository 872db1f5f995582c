"""Tactics and techniques in every spelling."""

from typing import Any

import pytest

from shared.ingestion.attack import MAX_NAMES, tactic_names, technique_ids


@pytest.mark.parametrize(
    "given",
    [
        "LateralMovement,CommandAndControl",
        '["LateralMovement", "Command and Control"]',
        ["lateral-movement", "Command_And_Control"],
        "lateralmovement\nCOMMAND & CONTROL",
    ],
)
def test_tactics_in_any_spelling_give_short_names(given: Any) -> None:
    assert tactic_names(given) == (["lateral-movement", "command-and-control"], [])


def test_unknown_tactic_is_kept_as_a_flag() -> None:
    assert tactic_names("Impact, PreAttack") == (["impact"], ["tactic_unknown:PreAttack"])


def test_former_names_of_certain_meaning_are_translated() -> None:
    given = ("Probing, Exploitation", ["ml-attack-staging", "ML Model Access"], "PreAttack, Malware")
    assert tactic_names(*given) == (
        ["reconnaissance", "initial-access", "ai-attack-staging", "ai-model-access"],
        ["tactic_unknown:PreAttack", "tactic_unknown:Malware"],
    )


def test_revoked_technique_is_replaced_and_flagged() -> None:
    assert technique_ids("T1002") == (["T1560"], ["technique_replaced:T1002>T1560"])


def test_technique_is_found_by_its_id_behind_a_name() -> None:
    given = '["System Binary Proxy Execution (T1218)", "Rundll32 (T1218.011)", "LLM Prompt Injection (AML.T0051)"]'
    assert technique_ids(given) == (["T1218", "T1218.011", "AML.T0051"], [])


def test_unknown_technique_is_kept_apart() -> None:
    assert technique_ids('["T1078", "T9999"]', "t1078.004, gibberish") == (
        ["T1078", "T1078.004"],
        ["technique_unknown:T9999", "technique_unknown:gibberish"],
    )


@pytest.mark.parametrize(
    "given",
    [
        "T1003.001;T1078",
        "T1003.001 and T1078",
        ["https://attack.mitre.org/techniques/T1003/001/", "T1078"],
        [{"id": "T1003.001"}, {"id": "T1078"}],
    ],
)
def test_every_technique_of_a_text_counts(given: Any) -> None:
    assert technique_ids(given) == (["T1003.001", "T1078"], [])


def test_value_that_is_not_text_is_set_aside_too() -> None:
    assert technique_ids([7, {"a": None}]) == ([], ["technique_unknown:7", 'technique_unknown:{"a":null}'])
    assert tactic_names(7) == ([], ["tactic_unknown:7"])


def test_names_beyond_the_bound_are_dropped_and_flagged() -> None:
    many = [f"T{number}" for number in range(1000, 1000 + MAX_NAMES)]
    assert "techniques_cut" not in technique_ids(many)[1]
    assert "techniques_cut" in technique_ids(many, ["T2000"])[1]
    assert "tactics_cut" in tactic_names(many, ["Impact"])[1]


@pytest.mark.parametrize("given", [None, "", "[", {}, [None, "", []]])
def test_nonsense_gives_nothing(given: Any) -> None:
    assert technique_ids(given) == ([], [])
    assert tactic_names(given) == ([], [])
