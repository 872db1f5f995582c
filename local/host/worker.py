"""The Python worker in this process: azure-functions-runtime loads the app and runs every invocation.

The runtime keeps its registry in module globals, so one process has one worker. Protocol: reference §2.1.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import uuid
from collections.abc import Mapping
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
    """A function raised or ran out of time; the message is "TypeName: text", `stack_trace` is for debugging."""

    def __init__(self, message: str, *, stack_trace: str = "") -> None:
        super().__init__(message)
        self.stack_trace = stack_trace


class HostStopping(Retryable):
    """The host stops: what was waiting for a retry is given back to its source undone."""


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
        self, function: IndexedFunction, inputs: Inputs, *, metadata: Inputs | None = None, traceparent: str = ""
    ) -> TypedData | None:
        """Run the function once and return its return value; raises InvocationFailed."""
        return await self._invoke_once(function, inputs, metadata or {}, traceparent=traceparent, retry=0)

    async def invoke_with_retry(
        self, function: IndexedFunction, inputs: Inputs, *, metadata: Inputs | None = None
    ) -> TypedData | None:
        """Run the function under its retry policy; raises InvocationFailed at its end, HostStopping during a wait."""
        retry = 0
        while True:
            try:
                return await self._invoke_once(function, inputs, metadata or {}, traceparent="", retry=retry)
            except InvocationFailed:
                retry += 1
                delay = function.retry.delay(retry) if function.retry else None
                if delay is None:
                    raise
                log.info("Function %s is retried in %.1f s (retry %d).", function.name, delay, retry)
            await self._wait(delay)

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.stopping.wait(), seconds)
        except TimeoutError:
            return
        raise HostStopping("the host stops")

    async def _invoke_once(
        self, function: IndexedFunction, inputs: Inputs, metadata: Inputs, *, traceparent: str, retry: int
    ) -> TypedData | None:
        invocation_id = str(uuid.uuid4())
        request = _invocation_request(function, invocation_id, inputs, metadata, traceparent, retry)
        try:
            async with asyncio.timeout(self._function_timeout):
                response: InvocationResponse = await handle_event.invocation_request(request)
        except TimeoutError as error:
            self.abandoned += 1
            log.error("Function %s (invocation %s) ran longer than functionTimeout.", function.name, invocation_id)
            raise InvocationFailed(f"ran longer than functionTimeout, {self._function_timeout:g} s") from error
        except asyncio.CancelledError:
            self.abandoned += 1
            raise
        failure = response.result.exception
        if failure is not None:
            log.debug("Function %s, invocation %s:\n%s", function.name, invocation_id, failure.stack_trace)
            # Orchestrators fail as part of their protocol; the task hub tells about those.
            if function.kind != "orchestrationTrigger":
                log.error("Function %s failed (invocation %s): %.500s", function.name, invocation_id, failure.message)
            raise InvocationFailed(failure.message, stack_trace=failure.stack_trace)
        return response.return_value


def _invocation_request(
    function: IndexedFunction, invocation_id: str, inputs: Inputs, metadata: Inputs, traceparent: str, retry: int
) -> Any:
    max_retries = function.retry.max_retry_count if function.retry else 0
    invocation = SimpleNamespace(
        invocation_id=invocation_id,
        function_id=function.function_id,
        input_data=[ParameterBinding(name, data) for name, data in inputs.items()],
        trigger_metadata=dict(metadata),
        trace_context=SimpleNamespace(trace_parent=traceparent, trace_state="", attributes={}),
        retry_context=SimpleNamespace(retry_count=retry, max_retry_count=max_retries, exception=None),
    )
    return SimpleNamespace(request=SimpleNamespace(invocation_request=invocation))
