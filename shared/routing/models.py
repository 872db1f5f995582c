"""The models, their prices and what one call costs (spec/llm §6, §9). Prices are USD per million tokens.

When a price changes, change the row and PRICES_AS_OF together; what was paid before stays in the spend ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from shared.contracts.routing import LLMProvider, ModelConfig, ModelTier

PRICES_AS_OF = date(2026, 11, 23)
CACHE_WRITE_FACTOR = Decimal("1.25")
CONTEXT_WINDOW_TOKENS = 1_000_000
PER_MILLION = Decimal(1_000_000)


@dataclass(frozen=True)
class TierRow:
    """What one tier runs on. Above ``long_prompt_tokens`` the ``long_`` prices hold for the whole call."""

    model_id: str
    max_tokens: int
    timeout_seconds: float
    input_price: Decimal
    output_price: Decimal
    cache_read_factor: Decimal
    long_prompt_tokens: int | None = None
    long_input_price: Decimal = Decimal(0)
    long_output_price: Decimal = Decimal(0)


@dataclass(frozen=True)
class Usage:
    """Tokens of one call as it is billed: the three input counts add up to the prompt, thinking counts as output."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
        )

    @property
    def prompt_tokens(self) -> int:
        """Everything that was sent."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens


TIERS = MappingProxyType({
    ModelTier.TIER_0: TierRow(
        "claude-haiku-5-5", 2_048, 3.0, Decimal("0.10"), Decimal("0.50"), Decimal("0.10"),
        long_prompt_tokens=100_000, long_input_price=Decimal("0.50"), long_output_price=Decimal("2.50"),
    ),
    ModelTier.TIER_1: TierRow("claude-sonnet-5-5", 8_192, 30.0, Decimal(2), Decimal(10), Decimal("0.05")),
    ModelTier.TIER_1_PLUS: TierRow("claude-opus-5-5", 16_384, 60.0, Decimal(4), Decimal(20), Decimal("0.05")),
    # The batch price, half of Tier 1's; batches carry no cache marks.
    ModelTier.TIER_2: TierRow("claude-sonnet-5-5", 16_384, 86_400.0, Decimal(1), Decimal(5), Decimal(1)),
})  # fmt: skip


def model_at(provider: LLMProvider, tier: ModelTier) -> ModelConfig:
    """The tier's model at a provider; every provider serves the same Claude models."""
    row = TIERS[tier]
    batch = tier is ModelTier.TIER_2
    return ModelConfig(
        provider=provider,
        model_id=row.model_id,
        max_context_tokens=CONTEXT_WINDOW_TOKENS,
        cost_per_mtok_input=float(row.input_price),
        cost_per_mtok_output=float(row.output_price),
        supports_extended_thinking=tier is not ModelTier.TIER_0,
        supports_tool_use=True,
        supports_prompt_caching=not batch,
        batch_eligible=batch,
    )


def cost_usd(tier: ModelTier, usage: Usage) -> Decimal:
    """Exact price of one call."""
    row = TIERS[tier]
    is_long = row.long_prompt_tokens is not None and usage.prompt_tokens > row.long_prompt_tokens
    price_in = row.long_input_price if is_long else row.input_price
    price_out = row.long_output_price if is_long else row.output_price
    billed_input = (
        usage.input_tokens
        + usage.cache_read_tokens * row.cache_read_factor
        + usage.cache_write_tokens * CACHE_WRITE_FACTOR
    )
    return (billed_input * price_in + usage.output_tokens * price_out) / PER_MILLION


def worst_case_usd(tier: ModelTier, *, prompt_tokens: int, max_tokens: int) -> Decimal:
    """The most that one call can cost: the whole prompt written to the cache and every output token used."""
    return cost_usd(tier, Usage(cache_write_tokens=prompt_tokens, output_tokens=max_tokens))
