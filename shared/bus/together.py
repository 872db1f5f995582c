"""Waiting for several things of which one may fail."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable


async def all_ended(awaitables: Iterable[Awaitable[object]]) -> None:
    """Run all at once and return when each has ended; then raise the first error.

    Whoever repeats the whole must not overtake, or do twice, what is still under way.
    """
    for outcome in await asyncio.gather(*awaitables, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
