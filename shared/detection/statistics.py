"""Small numbers that several rules need: whether a baseline will do, and how far out a value is."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from shared.contracts.detection import BaselineState

IQR_OF_NORMAL = 1.349  # the distance of the quartiles of a normal distribution, in standard deviations


def baseline_of(size: float, observed: float, least: float) -> BaselineState:
    """``size`` is what was counted, ``observed`` how long or how many, ``least`` what is enough."""
    if not size:
        return BaselineState.NO_BASELINE
    return BaselineState.OK if observed >= least else BaselineState.INSUFFICIENT


def robust_z(value: float, quartiles: Sequence[float] | None, *, least: float) -> float:
    """How many standard deviations above the median, by the quartiles; 0 without any. The spread counts as at least
    ``least``: a value that never varied must not make the next one infinite.
    """
    if not quartiles:
        return 0.0
    low, middle, high = quartiles
    return (value - middle) / max((high - low) / IQR_OF_NORMAL, least)


def count_z(count: float, expected: float) -> float:
    """How far a count is above an expected one, in standard deviations of a Poisson variable (Anscombe 1948)."""
    return 2 * (sqrt(max(count, 0) + 0.375) - sqrt(max(expected, 0) + 0.375))


def mean_z(mean: float, n: int, usual: float | None, spread: float | None, *, least: float) -> float:
    """How far a mean of ``n`` values is from the usual one, in standard errors."""
    return 0.0 if usual is None or not n else (mean - usual) / (max(spread or 0.0, least) / sqrt(n))


def share_z(part: int, whole: int, usual_part: int, usual_whole: int) -> float:
    """How far one share is above another, by the pooled two-proportion test; one success and failure are added to each,
    so that a share of nought has a spread.
    """
    if not whole or not usual_whole:
        return 0.0
    first, second = (part + 1) / (whole + 2), (usual_part + 1) / (usual_whole + 2)
    pooled = (part + usual_part + 2) / (whole + usual_whole + 4)
    return (first - second) / sqrt(pooled * (1 - pooled) * (1 / (whole + 2) + 1 / (usual_whole + 2)))


def wilson_low(part: int, whole: int, *, z: float = 3.0) -> float:
    """The lower bound of a share, at ``z`` standard deviations (Wilson 1927)."""
    if not whole:
        return 0.0
    share, square = part / whole, z * z
    middle = share + square / (2 * whole)
    return (middle - z * sqrt((share * (1 - share) + square / (4 * whole)) / whole)) / (1 + square / whole)
