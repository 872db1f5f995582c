"""What make test calls over budget."""

from tests.budget import verdict

EVEN = {f"test-{number}": 0.2 for number in range(1000)}


def test_even_run_within_the_mean_is_within_budget() -> None:
    assert verdict(EVEN, slow=set(), start=0.2) == []


def test_same_run_is_over_budget_where_python_starts_faster() -> None:
    (sentence,) = verdict(EVEN, slow=set(), start=0.05)
    assert sentence.startswith("the mean test took 4.0 starts of Python, at most 2.0")


def test_test_that_takes_more_than_its_share_is_named_unless_marked_slow() -> None:
    run = EVEN | {"tests/a.py::test_waits": 20.0}
    (sentence,) = verdict(run, slow=set(), start=0.2)
    assert sentence.startswith("tests/a.py::test_waits took 9% of the run, at most 5%")
    assert verdict(run, slow={"tests/a.py::test_waits"}, start=0.2) == []
