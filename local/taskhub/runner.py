"""What the task hub asks of the host: run one orchestrator turn, run one activity. The host implements it."""

from __future__ import annotations

from typing import Protocol

from shared.errors import Terminal


class FunctionFailed(Terminal):
    """The user's function raised; the message is the function's own, for an orchestrator with its state JSON inside."""


class FunctionRunner(Protocol):
    """Runs the app's orchestrators and activities; both calls raise FunctionFailed when the function did."""

    def orchestrators(self) -> frozenset[str]:
        """Names of the app's orchestrators."""
        ...

    def activities(self) -> frozenset[str]:
        """Names of the app's activities."""
        ...

    async def run_orchestrator(self, name: str, context_json: str) -> str:
        """Run one turn over the context JSON and return the orchestrator state JSON."""
        ...

    async def run_activity(self, name: str, input_json: str | None, *, instance_id: str) -> str | None:
        """Run an activity on the JSON text of its input and return the JSON text of its result."""
        ...
