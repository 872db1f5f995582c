"""What SentinelConnector.start reads from: an event hub or Log Analytics, behind one method."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

Handle = Callable[[bytes, dict[str, bytes]], Awaitable[object]]  # one body with its headers


class Source(Protocol):
    """Hands bodies on until it is cancelled."""

    async def read(self, handle: Handle) -> None:
        """A body counts as read once ``handle`` has returned; while it raises Retryable the body comes again."""
