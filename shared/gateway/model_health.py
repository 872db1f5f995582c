"""Whether the model's provider answers, asked without a call that costs: its list of models."""

from __future__ import annotations

import time

import httpx

from shared.contracts.routing import CircuitState, LLMProvider
from shared.contracts.statistics import ModelStatus
from shared.errors import ModelUnavailable, StoreUnavailable
from shared.gateway.breaker_board import BreakerBoard

ANTHROPIC = "https://api.anthropic.com"
ANTHROPIC_VERSION = "2023-06-01"
PATIENCE_SECONDS = 2.0
KEPT_SECONDS = 15.0  # an answer is good for so long: health is asked by everybody


class ModelHealth:
    """One provider as this process sees it, and the breaker as whoever calls it does."""

    def __init__(self, provider: LLMProvider, *, api_key: str, base_url: str | None, board: BreakerBoard) -> None:
        self._provider = provider
        self._key = api_key
        self._url = f"{base_url or ANTHROPIC}/v1/models"
        self._board = board
        self._problem = ""
        self._good_until = 0.0

    async def status(self) -> ModelStatus:
        """Never raises: what is not known is `unknown`."""
        try:
            breaker, since = await self._board.read(self._provider)
        except StoreUnavailable:
            breaker, since = None, None
        problem = await self._asked()
        # A half-open breaker has not recovered yet; of Foundry it alone tells.
        down = problem or breaker in {CircuitState.OPEN, CircuitState.HALF_OPEN}
        state = "down" if down else "unknown" if problem is None else "up"
        return ModelStatus.model_validate(
            {
                "provider": self._provider,
                "state": state,
                "breaker": breaker or "unknown",
                "breaker_since": since,
                "detail": problem or "",
            }
        )

    async def check(self) -> dict[str, str]:
        """For the health route. Raises ModelUnavailable."""
        status = await self.status()
        if status.state == "down":
            raise ModelUnavailable(f"{status.provider}: {status.detail or f'its circuit breaker is {status.breaker}'}")
        return {"breaker": status.breaker}

    async def _asked(self) -> str | None:
        """What is wrong, empty when it answers; None where asking is not possible."""
        if self._provider is LLMProvider.FOUNDRY:  # it lists no models for free
            return None
        if time.monotonic() > self._good_until:
            self._problem = await self._ask()
            self._good_until = time.monotonic() + KEPT_SECONDS
        return self._problem

    async def _ask(self) -> str:
        headers = {"x-api-key": self._key, "anthropic-version": ANTHROPIC_VERSION}
        try:
            async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:
                answer = await client.get(self._url, params={"limit": 1}, headers=headers)
        except httpx.HTTPError as error:
            return f"no answer ({type(error).__name__})"
        return "" if answer.is_success else f"it answers {answer.status_code}"
