"""How a recorded answer reaches its waiting investigation: the platform hands a durable client to each invocation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from shared.contracts.investigation import GraphState


@dataclass(frozen=True)
class Waiting:
    """A case that waits for a person, and the orchestration that waits for it, which may not have begun yet."""

    tenant_id: str
    investigation_id: str
    orchestration_id: str
    severity: str | None  # of the alert
    opened_at: str  # ISO 8601 UTC


def waiting_for(state: GraphState) -> Waiting:
    """Whom to wake for a case."""
    return Waiting(
        tenant_id=state.tenant_id,
        investigation_id=state.investigation_id,
        orchestration_id=state.orchestration_id,
        severity=state.alert_severity,
        opened_at=state.case_facts.opened_at,
    )


Wake = Callable[[Waiting], Awaitable[None]]  # has the case's orchestration look at its approval

_current: ContextVar[Wake | None] = ContextVar("wake", default=None)


@contextmanager
def waking_with(wake: Wake) -> Iterator[None]:
    """Within this block ``wake_current`` uses ``wake``."""
    token = _current.set(wake)
    try:
        yield
    finally:
        _current.reset(token)


async def wake_current(waiting: Waiting) -> None:
    """Wake an investigation now. Outside such a block nothing happens: the sweep wakes it within seconds."""
    wake = _current.get()
    if wake is not None:
        await wake(waiting)
