"""A stochastic scanner's finding is a rate, not a hit: how often an attack succeeded, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass

Z = 1.959963984540054  # 95 % of a normal distribution lie within this many standard deviations


@dataclass(frozen=True, slots=True)
class Rate:
    """``hits`` of ``attempts``; the interval is Wilson's at 95 % (Wilson 1927), which holds for few attempts too."""

    hits: int
    attempts: int

    @property
    def value(self) -> float:
        """The share of hits."""
        return self.hits / self.attempts

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper bound."""
        n, p = self.attempts, self.value
        denominator = 1 + Z * Z / n
        centre = (p + Z * Z / (2 * n)) / denominator
        half = Z * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n)) / denominator
        return (max(0.0, centre - half), min(1.0, centre + half))

    def differs_from(self, other: Rate) -> bool:
        """Whether the intervals do not overlap: only then has something changed."""
        (low, high), (other_low, other_high) = self.interval, other.interval
        return low > other_high or other_low > high

    def as_json(self) -> dict[str, float | int]:
        """For people and stores."""
        low, high = self.interval
        shares = {"rate": self.value, "low": low, "high": high}
        return {"hits": self.hits, "attempts": self.attempts, **{name: round(x, 4) for name, x in shares.items()}}
