"""Waiting for a condition with a deadline, so that nothing hangs and a late thing is named."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from shared.errors import AluskortError

POLL_SECONDS = 0.3


class TooLate(AluskortError):
    """Something did not happen in time; the message says what and where to look."""


async def until(condition: Callable[[], Awaitable[bool]], *, what: str, seconds: float) -> None:
    """Return when ``condition`` holds. Raises TooLate with ``what`` after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not await condition():
        if time.monotonic() > deadline:
            raise TooLate(f"{what} did not happen within {seconds:.0f} s. `aluskort logs host` may say why.")
        await asyncio.sleep(POLL_SECONDS)
