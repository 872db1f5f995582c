"""What the instances that call a model say of their circuit breakers, for those that do not call it."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta

from shared.contracts.routing import CircuitState, DegradationLevel, LLMProvider
from shared.errors import StoreUnavailable
from shared.routing.circuit_breaker import PROBE_AFTER_SECONDS
from shared.stores.redis import Redis

KEPT_SECONDS = 300  # while cases wait somebody probes each half a minute; who says nothing more has ended

log = logging.getLogger(__name__)


class BreakerBoard:
    """The newest word about each provider, whichever instance said it."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def say(self, provider: LLMProvider, state: CircuitState) -> None:
        """Leave word. It is for people, so Redis may be unavailable."""
        word = json.dumps({"state": state, "at": datetime.now(UTC).isoformat()}).encode()
        try:
            await self._redis.set(_key(provider), word, ttl_seconds=KEPT_SECONDS)
        except StoreUnavailable as error:
            log.warning("The state of the circuit breaker of %s is not shown: %s", provider, error)

    async def read(self, provider: LLMProvider) -> tuple[CircuitState, datetime | None]:
        """The state now and since when; nobody's word means closed. Raises StoreUnavailable."""
        (word,) = await self._redis.get_many([_key(provider)])
        if word is None:
            return CircuitState.CLOSED, None
        said = json.loads(word)
        state, since = CircuitState(said["state"]), datetime.fromisoformat(said["at"])
        if state is CircuitState.OPEN and datetime.now(UTC) - since > timedelta(seconds=PROBE_AFTER_SECONDS):
            state = CircuitState.HALF_OPEN
        return state, since

    async def level(self, provider: LLMProvider) -> DegradationLevel:
        """What verdicts of the one provider are worth now; a half-open breaker has not recovered yet. Where nobody's
        word can be read, dismissals need more.
        """
        try:
            state, _ = await self.read(provider)
        except StoreUnavailable:
            return DegradationLevel.SECONDARY_ACTIVE
        closed = state is CircuitState.CLOSED
        return DegradationLevel.FULL_CAPABILITY if closed else DegradationLevel.DETERMINISTIC_ONLY


def _key(provider: LLMProvider) -> str:
    return f"breaker:{provider}"
