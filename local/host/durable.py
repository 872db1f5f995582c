"""Durable functions: the task hub's view of the worker. Scheduling and history are local/taskhub's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from local.host import datums
from local.host.function import IndexedFunction
from local.host.keys import HostKeys
from local.host.messages import TypedData
from local.host.worker import InvocationFailed, Worker
from local.taskhub import FunctionFailed


class DurableFunctions:
    """The app's orchestrators and activities by their durable names; a FunctionRunner for the task hub."""

    def __init__(self, functions: Iterable[IndexedFunction], worker: Worker) -> None:
        found = list(functions)
        self._worker = worker
        self._orchestrators = {
            function.trigger.get("orchestration") or function.name: function
            for function in found
            if function.kind == "orchestrationTrigger"
        }
        self._activities = {
            function.trigger.get("activity") or function.name: function
            for function in found
            if function.kind == "activityTrigger"
        }

    def orchestrators(self) -> frozenset[str]:
        """Names that can be started."""
        return frozenset(self._orchestrators)

    def activities(self) -> frozenset[str]:
        """Names that orchestrators can call."""
        return frozenset(self._activities)

    async def run_orchestrator(self, name: str, context_json: str) -> str:
        """Run one turn and return the state JSON; FunctionFailed carries the SDK's message with its state inside."""
        return await self._run(self._orchestrators[name], TypedData(string=context_json)) or ""

    async def run_activity(self, name: str, input_json: str | None, *, instance_id: str) -> str | None:
        """Run an activity on a JSON text and return the JSON text of its result, None for no result."""
        payload = TypedData(json="null" if input_json is None else input_json)
        return await self._run(self._activities[name], payload, instanceId=datums.as_string(instance_id))

    async def _run(self, function: IndexedFunction, payload: TypedData, **metadata: TypedData) -> str | None:
        try:
            result = await self._worker.invoke(function, {function.trigger["name"]: payload}, metadata=metadata)
        except InvocationFailed as error:
            raise FunctionFailed(str(error)) from error
        value: Any = None if result is None else result.value
        return None if value is None else str(value)


def guarded(app: ASGIApp, keys: HostKeys) -> ASGIApp:
    """The app behind the durable system key (or the master key)."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        admitted = keys.admits(Request(scope), "durable")
        await (app if admitted else Response(status_code=401))(scope, receive, send)

    return guard
