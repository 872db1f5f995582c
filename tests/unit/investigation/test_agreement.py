"""People's dispositions beside the machine's verdicts."""

import pytest

from shared.investigation.statistics import agreement_of


def case(disposition: str, classification: str) -> dict[str, str]:
    return {"disposition": disposition, "classification": classification}


@pytest.mark.parametrize(
    ("disposition", "classification", "counted"),
    [
        ("true_positive", "true_positive", "agreed"),
        ("false_positive", "true_positive", "differed"),
        ("benign_true_positive", "false_positive", "differed"),
        ("undetermined", "true_positive", "person_abstained"),
        ("true_positive", "requires_investigation", "machine_abstained"),
        ("undetermined", "requires_investigation", "person_abstained"),
        ("of_a_newer_version", "true_positive", "person_abstained"),
    ],
)
def test_one_case_is_counted_once(disposition: str, classification: str, counted: str) -> None:
    found = agreement_of([case(disposition, classification)]).model_dump(exclude={"rate"})
    assert {name for name, count in found.items() if count} == {counted}


def test_rate_leaves_out_whoever_abstained() -> None:
    cases = [
        case("true_positive", "true_positive"),
        case("false_positive", "true_positive"),
        case("undetermined", "true_positive"),
    ]
    assert agreement_of(cases).rate == 0.5


def test_rate_without_anything_to_compare_is_not_measured() -> None:
    assert agreement_of([case("undetermined", "true_positive")]).rate is None
