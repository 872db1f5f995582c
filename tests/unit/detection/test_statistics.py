"""The small statistics on values worked out by hand."""

import pytest

from shared.contracts.detection import BaselineState
from shared.detection.statistics import baseline_of, count_z, mean_z, robust_z, share_z, wilson_low


@pytest.mark.parametrize(
    ("size", "observed", "state"),
    [(0, 100, BaselineState.NO_BASELINE), (5, 6.9, BaselineState.INSUFFICIENT), (5, 7, BaselineState.OK)],
)
def test_baseline_is_named_by_what_is_there(size: int, observed: float, state: BaselineState) -> None:
    assert baseline_of(size, observed, 7) is state


def test_robust_z_is_in_standard_deviations_and_finite_without_a_spread() -> None:
    assert robust_z(10 + 1.349, [9.3255, 10.0, 10.6745], least=0.1) == pytest.approx(1.349)
    assert robust_z(12.0, [10.0, 10.0, 10.0], least=0.5) == 4.0
    assert robust_z(12.0, None, least=0.5) == 0.0


def test_count_z_is_near_the_poisson_deviation_and_signed() -> None:
    assert count_z(130, 100) == pytest.approx(2.8, abs=0.1)
    assert count_z(100, 130) == pytest.approx(-2.8, abs=0.1)
    assert count_z(0, 0) == 0.0


def test_mean_z_grows_with_the_number_of_values() -> None:
    assert mean_z(1.0, 100, 0.0, 10.0, least=0.1) == pytest.approx(1.0)
    assert mean_z(1.0, 10_000, 0.0, 10.0, least=0.1) == pytest.approx(10.0)
    assert mean_z(1.0, 10, None, None, least=0.1) == 0.0


def test_share_z_of_equal_shares_is_small_and_of_nothing_nought() -> None:
    assert abs(share_z(10, 100, 100, 1000)) < 0.5
    assert share_z(50, 100, 100, 1000) > 8
    assert share_z(1, 1, 0, 0) == 0.0


def test_wilson_bound_of_few_values_is_low() -> None:
    assert wilson_low(0, 0) == 0.0
    assert wilson_low(3, 3) < 0.3
    assert wilson_low(40, 40) > 0.8
