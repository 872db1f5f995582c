"""The Python worker in this process: azure-functions-runtime loads the app and runs every invocation.

The runtime keeps its registry in module globals, so one process has one worker.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from azure_functions_runtime import handle_event
from azure_functions_runtime.utils import threadpool

from local.host.function import IndexedFunction
from local.host.messages import (
    PROTOCOL,
    FunctionMetadata,
    InvocationResponse,
    ParameterBinding,
    StatusResult,
    TypedData,
)
from shared.errors import ConfigurationError, Retryable

log = logging.getLogger(__name__)

type Inputs = Mapping[str, TypedData]


class InvocationFailed(Retryable):
    """A function raised or ran out of time; the message is "TypeName: text"."""


class HostStopping(Retryable):
    """The host stops: what was waiting for a retry goes back to its source unprocessed."""


class Worker:
    """Loads one function app and invokes its functions; counts those cut off."""

    def __init__(self, *, function_timeout: float) -> None:
        self._function_timeout = function_timeout
        self.stopping = asyncio.Event()
        self.abandoned = 0  # invocations cut off; a synchronous one still runs in its thread

    async def load(self, app_dir: Path) -> list[FunctionMetadata]:
        """Import and index `function_app.py`; ConfigurationError says what Azure's worker would refuse."""
        script = os.environ.get("PYTHON_SCRIPT_FILE_NAME", "function_app.py")
        if not (app_dir / script).exists():
            raise ConfigurationError(
                f"{app_dir / script} is missing: a function app needs it. Give its folder by --app."
            )
        sys.path.insert(0, str(app_dir))
        threadpool.start_threadpool_executor()
        init = SimpleNamespace(capabilities={}, function_app_directory=str(app_dir))
        request = SimpleNamespace(
            request=SimpleNamespace(worker_init_request=init), properties={"host": "127.0.0.1", "protos": PROTOCOL}
        )
        answer = await handle_event.worker_init_request(request)
        if answer.result.status != StatusResult.Success:
            log.debug("Indexing failed:\n%s", answer.result.exception.stack_trace)
            raise ConfigurationError(f"The worker refuses {app_dir / script}: {answer.result.exception.message}")
        metadata = (await handle_event.functions_metadata_request(request)).function_metadata_results
        if not metadata:
            raise ConfigurationError(f"{app_dir / script} registers no function. Decorate or register at least one.")
        return list(metadata)

    async def invoke(
        self,
        function: IndexedFunction,
        inputs: Inputs,
        *,
        metadata: Inputs | None = None,
        traceparent: str = "",
    ) -> TypedData | None:
        """Run the function once and return its return value; raises InvocationFailed."""
        return await self._run(_Call(function, inputs, metadata or {}, traceparent=traceparent))

    async def invoke_with_retry(
        self, function: IndexedFunction, inputs: Inputs, *, metadata: Inputs | None = None
    ) -> TypedData | None:
        """Run the function under its retry policy; raises InvocationFailed at its end, HostStopping during a wait."""
        call = _Call(function, inputs, metadata or {})
        while True:
            try:
                return await self._run(call)
            except InvocationFailed:
                call = replace(call, retry=call.retry + 1)
                delay = function.retry.delay(call.retry) if function.retry else None
                if delay is None:
                    raise
                log.info("Function %s is retried in %.1f s (retry %d).", function.name, delay, call.retry)
            await self._wait(delay)

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.stopping.wait(), seconds)
        except TimeoutError:
            return
        raise HostStopping("the host stops")

    async def _run(self, call: _Call) -> TypedData | None:
        invocation_id, name = str(uuid.uuid4()), call.function.name
        try:
            async with asyncio.timeout(self._function_timeout):
                response: InvocationResponse = await handle_event.invocation_request(call.request(invocation_id))
        except TimeoutError as error:
            self.abandoned += 1
            log.error("Function %s (invocation %s) ran longer than functionTimeout.", name, invocation_id)
            raise InvocationFailed(f"ran longer than functionTimeout, {self._function_timeout:g} s") from error
        except asyncio.CancelledError:
            self.abandoned += 1
            raise
        failure = response.result.exception
        if failure is not None:
            log.debug("Function %s, invocation %s:\n%s", name, invocation_id, failure.stack_trace)
            # Orchestrators fail as part of their protocol; the task hub reports those.
            if call.function.kind != "orchestrationTrigger":
                log.error("Function %s failed (invocation %s): %.500s", name, invocation_id, failure.message)
            raise InvocationFailed(failure.message)
        return response.return_value


@dataclass(frozen=True, slots=True)
class Target:
    """A function as its trigger sees it: the worker and the inputs that are the same in every invocation."""

    function: IndexedFunction
    worker: Worker
    fixed_inputs: Inputs

    @property
    def stopping(self) -> asyncio.Event:
        """Set when the host stops."""
        return self.worker.stopping

    async def invoke(self, value: TypedData, metadata: Inputs | None = None) -> None:
        """Run the function on the trigger's value under its retry policy; raises InvocationFailed or HostStopping."""
        inputs = {self.function.trigger["name"]: value, **self.fixed_inputs}
        await self.worker.invoke_with_retry(self.function, inputs, metadata=metadata)


@dataclass(frozen=True, slots=True)
class _Call:
    function: IndexedFunction
    inputs: Inputs
    metadata: Inputs
    traceparent: str = ""
    retry: int = 0

    def request(self, invocation_id: str) -> Any:
        max_retries = self.function.retry.max_retry_count if self.function.retry else 0
        invocation = SimpleNamespace(
            invocation_id=invocation_id,
            function_id=self.function.function_id,
            input_data=[ParameterBinding(name, data) for name, data in self.inputs.items()],
            trigger_metadata=dict(self.metadata),
            trace_context=SimpleNamespace(trace_parent=self.traceparent, trace_state="", attributes={}),
            retry_context=SimpleNamespace(retry_count=self.retry, max_retry_count=max_retries, exception=None),
        )
        return SimpleNamespace(request=SimpleNamespace(invocation_request=invocation))
