"""Why a verdict is what it is, in the model's claims and the evidence's own words (design §8.19)."""

from __future__ import annotations

from pydantic import Field

from shared.contracts.contract import Contract


class Claim(Contract):
    """One reason. ``source`` is the field of the evidence that holds the quote, found by code; empty: none does."""

    claim: str = Field(max_length=1000)
    quote: str = Field(max_length=1000)
    source: str = ""


class Why(Contract):
    """What speaks for the verdict, what against it, and what would have to be known."""

    speaks_for: list[Claim] = Field(default_factory=list)
    speaks_against: list[Claim] = Field(default_factory=list)
    missing: list[str] = Field(default_factory=list)
