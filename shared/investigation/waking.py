"""How a recorded approval reaches its waiting investigation: the platform hands a durable client to each invocation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Wake = Callable[[str], Awaitable[None]]  # tells an investigation, by id, that its approval was decided

_current: ContextVar[Wake | None] = ContextVar("wake", default=None)


@contextmanager
def waking_with(wake: Wake) -> Iterator[None]:
    """Within this block ``wake_current`` uses ``wake``."""
    token = _current.set(wake)
    try:
        yield
    finally:
        _current.reset(token)


async def wake_current(investigation_id: str) -> None:
    """Wake an investigation now. Outside such a block nothing happens: the sweep wakes it within seconds."""
    wake = _current.get()
    if wake is not None:
        await wake(investigation_id)
