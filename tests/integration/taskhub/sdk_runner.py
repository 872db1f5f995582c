"""A FunctionRunner over the handles that the SDK makes of a blueprint's functions."""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import Callable
from functools import cache
from typing import Any

import azure.durable_functions as df

from local.taskhub import FunctionFailed


@cache
def functions(module: str) -> dict[str, Any]:
    """The functions of a module's blueprint ``blueprint`` by name, indexed once as the worker does."""
    app = df.DFApp()
    app.register_functions(importlib.import_module(module).blueprint)
    return {function.get_function_name(): function for function in app.get_functions()}


class SdkRunner:
    """Calls the SDK's handle for orchestrators and the plain function for activities, each in a thread."""

    def __init__(self, module: str, *, activities: dict[str, Callable[[Any], Any]] | None = None) -> None:
        indexed = functions(module)
        kind = {name: function.get_trigger().type for name, function in indexed.items()}
        self.handles = {n: f.get_user_function() for n, f in indexed.items() if kind[n] == "orchestrationTrigger"}
        self._activities = {n: f.get_user_function() for n, f in indexed.items() if kind[n] == "activityTrigger"}
        self._activities |= activities or {}

    def orchestrators(self) -> frozenset[str]:
        return frozenset(self.handles)

    def activities(self) -> frozenset[str]:
        return frozenset(self._activities)

    async def run_orchestrator(self, name: str, context_json: str) -> str:
        try:
            return await asyncio.to_thread(self.handles[name], context_json)
        except Exception as error:
            raise FunctionFailed(str(error)) from error

    async def run_activity(self, name: str, input_json: str | None, *, instance_id: str) -> str | None:
        payload = None if input_json is None else json.loads(input_json)
        try:
            function = self._activities[name]
            if asyncio.iscoroutinefunction(function):
                return json.dumps(await function(payload))
            return json.dumps(await asyncio.to_thread(function, payload))
        except Exception as error:
            raise FunctionFailed(str(error)) from error
