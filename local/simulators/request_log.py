"""The last requests that the simulated API was sent, for tests to look at. Secrets are stripped first."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KEPT = 200
SECRET_HEADERS = frozenset({"x-api-key", "authorization", "cookie"})


@dataclass(frozen=True)
class LoggedCall:
    """One call with a valid key, and the fault that it met, if any."""

    request_id: str
    method: str
    path: str
    headers: dict[str, str]
    body: Any
    fault: str | None


def without_secrets(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with secret values replaced."""
    return {name: "(stripped)" if name.lower() in SECRET_HEADERS else value for name, value in headers.items()}


@dataclass
class RequestLog:
    """``total`` counts every request since the start; ``last`` keeps the newest, oldest first."""

    total: int = 0
    last: deque[LoggedCall] = field(default_factory=lambda: deque(maxlen=KEPT))

    def add(self, call: LoggedCall) -> None:
        """Notes one call."""
        self.total += 1
        self.last.append(call)
