from decimal import Decimal

from shared.contracts.routing import ModelTier
from shared.routing.degradation import QUEUE_CONCURRENCY
from shared.routing.models import Usage, cost_usd, worst_case_usd


def test_cost_of_the_original_daily_volume_is_that_of_the_specification() -> None:
    tier_0 = 960 * cost_usd(ModelTier.TIER_0, Usage(800, 400))
    tier_1 = 180 * cost_usd(ModelTier.TIER_1, Usage(4_000, 2_000))
    tier_2 = 60 * cost_usd(ModelTier.TIER_2, Usage(7_000, 3_500))
    assert [round(cost, 2) for cost in (tier_0, tier_1, tier_2)] == [Decimal("0.27"), Decimal("5.04"), Decimal("1.47")]


def test_cost_of_a_long_prompt_on_tier_0_takes_the_higher_price_above_100k() -> None:
    assert cost_usd(ModelTier.TIER_0, Usage(100_000, 0)) == Decimal("0.01")
    assert cost_usd(ModelTier.TIER_0, Usage(50_000, 0, 50_001)) > Decimal("0.025")


def test_cost_of_cached_tokens_uses_their_factors() -> None:
    assert cost_usd(ModelTier.TIER_1, Usage(0, 0, 1_000_000, 0)) == Decimal("0.10")
    assert cost_usd(ModelTier.TIER_1, Usage(0, 0, 0, 1_000_000)) == Decimal("2.50")


def test_worst_case_is_never_less_than_a_cost() -> None:
    worst = worst_case_usd(ModelTier.TIER_1, prompt_tokens=1000, max_tokens=500)
    assert all(cost_usd(ModelTier.TIER_1, usage) <= worst for usage in (Usage(1000, 500), Usage(0, 500, 0, 1000)))


def test_queue_concurrency_is_8_4_2_1() -> None:
    assert dict(QUEUE_CONCURRENCY) == {"critical": 8, "high": 4, "normal": 2, "low": 1}
