"""What takes the bodies of a source."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

# One body with its headers. It counts as read once this has returned; while it raises Retryable it comes again.
Handle = Callable[[bytes, dict[str, bytes]], Awaitable[object]]
