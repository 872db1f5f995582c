"""What the providers' circuit breakers mean for everybody: the degradation level, told when it changes (spec/llm §12).

It is this process's view; another instance may still reach a provider.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from shared.contracts.routing import CircuitState, DegradationLevel, LLMProvider
from shared.gateway.audit import RequestAudit
from shared.gateway.breaker_board import BreakerBoard
from shared.routing.circuit_breaker import FAILURES_TO_OPEN, CircuitBreaker


class ProviderHealth:
    """Reports breakers and levels in the name of the request that saw them change; the first provider is primary."""

    def __init__(
        self,
        breakers: Mapping[LLMProvider, CircuitBreaker],
        *,
        board: BreakerBoard | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._breakers = breakers
        self._board = board
        self._clock = clock
        self._level = DegradationLevel.FULL_CAPABILITY
        self._since = clock()

    async def report(self, audit: RequestAudit, provider: LLMProvider) -> None:
        """Tell what changed at ``provider`` since the last report, if anything."""
        changes = self._breakers[provider].take_changes()
        await audit.breaker_changed(provider, changes, failures=FAILURES_TO_OPEN)
        if changes and self._board is not None:
            await self._board.say(provider, changes[-1])
        before, level = self._level, self._current_level()
        if level is before:
            return
        now = self._clock()
        lasted, self._level, self._since = now - self._since, level, now
        cause = f"the circuit breaker of {provider} is {self._breakers[provider].state}"
        if before is not DegradationLevel.FULL_CAPABILITY:
            await audit.degradation_exited(before, cause=cause, seconds=lasted)
        if level is not DegradationLevel.FULL_CAPABILITY:
            await audit.degradation_entered(level, cause=cause)

    def _current_level(self) -> DegradationLevel:
        """A half-open breaker has not recovered yet."""
        primary, *others = (breaker.state is CircuitState.CLOSED for breaker in self._breakers.values())
        if primary:
            return DegradationLevel.FULL_CAPABILITY
        return DegradationLevel.SECONDARY_ACTIVE if any(others) else DegradationLevel.DETERMINISTIC_ONLY
