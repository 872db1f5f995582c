"""One circuit breaker per dependency (seed §3, spec/llm §8): opens on failures, lets single probes through later.

Whoever calls the dependency asks `acquire()` before each call and records how it went.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from shared.contracts.routing import CircuitState

FAILURES_TO_OPEN = 5
WINDOW_SECONDS = 60.0
PROBE_AFTER_SECONDS = 30.0


class CircuitBreaker:
    """CLOSED -> OPEN after 5 failures within 60 s -> HALF_OPEN 30 s later -> CLOSED or OPEN by one probe.

    ``clock`` counts seconds and never goes back. One event loop only; nothing here waits.
    """

    def __init__(
        self,
        *,
        failures_to_open: int = FAILURES_TO_OPEN,
        window_seconds: float = WINDOW_SECONDS,
        probe_after_seconds: float = PROBE_AFTER_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failures_to_open = failures_to_open
        self._window = window_seconds
        self._probe_after = probe_after_seconds
        self._clock = clock
        self._failures: deque[float] = deque(maxlen=failures_to_open)
        self._opened_at: float | None = None
        self._probe_at: float | None = None
        self._changes: list[CircuitState] = []

    @property
    def state(self) -> CircuitState:
        """The state now; an open breaker becomes half-open by time alone."""
        if self._opened_at is None:
            return CircuitState.CLOSED
        if self._clock() - self._opened_at < self._probe_after:
            return CircuitState.OPEN
        return CircuitState.HALF_OPEN

    @property
    def is_available(self) -> bool:
        """True when a call may be made now. Asking changes nothing; `acquire` claims the probe."""
        state = self.state
        return state is CircuitState.CLOSED or (state is CircuitState.HALF_OPEN and not self._is_probing())

    def acquire(self) -> bool:
        """Ask to make one call. Half-open, only the first asker may; its claim lapses if it never reports back."""
        if not self.is_available:
            return False
        if self.state is CircuitState.HALF_OPEN:
            self._probe_at = self._clock()
        return True

    def record_success(self) -> None:
        """The dependency answered: closes a half-open breaker. A late answer to a call from before changes nothing."""
        if self.state is CircuitState.HALF_OPEN:
            self._opened_at = self._probe_at = None
            self._failures.clear()
            self._changes.append(CircuitState.CLOSED)

    def record_failure(self) -> None:
        """The dependency failed: reopens a half-open breaker, opens a closed one at the fifth within the window."""
        state = self.state
        if state is CircuitState.OPEN:
            return
        now = self._clock()
        self._failures.append(now)
        full = len(self._failures) == self._failures_to_open
        if state is CircuitState.HALF_OPEN or (full and now - self._failures[0] <= self._window):
            self._opened_at, self._probe_at = now, None
            self._changes.append(CircuitState.OPEN)

    def take_changes(self) -> list[CircuitState]:
        """The states entered (OPEN, CLOSED) since the last call, each handed out once, for the audit record."""
        changes, self._changes = self._changes, []
        return changes

    def _is_probing(self) -> bool:
        return self._probe_at is not None and self._clock() - self._probe_at < self._probe_after
