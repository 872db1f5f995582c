"""The worker protocol's messages as plain classes: what azure-functions-runtime expects from gRPC, without gRPC.

Only fields that the runtime reads or writes exist. Source: azure-functions-runtime 1.3 (`handle_event.py`, `loader.py`,
`bindings/datumdef.py`). The names are the protocol's, not ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any


class TypedData:
    """One value on the wire: exactly one of string, bytes, json, http, int, double, collection_* (see `kind`)."""

    def __init__(self, **value: Any) -> None:
        ((self.kind, self.value),) = value.items()
        setattr(self, self.kind, self.value)

    def WhichOneof(self, _group: str) -> str:  # noqa: N802 - the name that the runtime calls
        """Which field of the group is set."""
        return self.kind

    def __repr__(self) -> str:
        return f"TypedData({self.kind}={self.value!r:.60})"


@dataclass(frozen=True, slots=True)
class ParameterBinding:
    """A named input or output of one invocation."""

    name: str
    data: TypedData | None

    def WhichOneof(self, _group: str) -> str:  # noqa: N802 - the name that the runtime calls
        """Which field of the group is set."""
        return "data"


@dataclass(frozen=True, slots=True)
class BindingInfo:
    """A binding's shape as the loader checks it; directions and data types carry the protocol's numbers."""

    type: str
    data_type: int | None
    direction: int

    out = 1
    inout = 2
    undefined = 0


@dataclass(frozen=True, slots=True)
class RetryOptions:
    """The retry policy of one function, intervals as ``timedelta``."""

    max_retry_count: int
    retry_strategy: str
    delay_interval: Any = None
    minimum_interval: Any = None
    maximum_interval: Any = None


@dataclass(frozen=True, slots=True)
class FunctionMetadata:
    """One indexed function."""

    name: str
    function_id: str
    directory: str
    script_file: str
    entry_point: str
    language: str
    bindings: dict[str, BindingInfo]
    raw_bindings: list[str]
    retry_options: RetryOptions | None
    properties: dict[str, str]
    managed_dependency_enabled: bool
    is_proxy: bool


@dataclass(frozen=True, slots=True)
class RpcException:
    """An error that crossed the protocol: `message` is "TypeName: text"."""

    message: str
    stack_trace: str = ""


@dataclass(frozen=True, slots=True)
class StatusResult:
    """How a request ended."""

    status: str
    exception: RpcException | None = None

    Success = "success"
    Failure = "failure"


@dataclass(frozen=True, slots=True)
class InvocationResponse:
    """What one invocation gave back."""

    invocation_id: str
    result: StatusResult
    return_value: TypedData | None = None
    output_data: list[ParameterBinding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Cookie:
    """A Set-Cookie of an HTTP answer; every attribute but the name and value may be None."""

    name: str
    value: str
    domain: Any
    path: Any
    expires: Any
    secure: Any
    http_only: Any
    same_site: str | None
    max_age: Any

    class SameSite:
        """The protocol's choices as the attribute's text; `None`, not set, is a keyword and added below."""

        Lax = "Lax"
        Strict = "Strict"
        ExplicitNone = "None"


setattr(Cookie.SameSite, "None", None)


def _message(**fields: Any) -> SimpleNamespace:
    return SimpleNamespace(**fields)


PROTOCOL = SimpleNamespace(
    BindingInfo=BindingInfo,
    FunctionMetadataResponse=_message,
    InvocationResponse=InvocationResponse,
    NullableBool=_message,
    NullableDouble=_message,
    NullableString=_message,
    NullableTimestamp=_message,
    ParameterBinding=ParameterBinding,
    RpcException=RpcException,
    RpcFunctionMetadata=FunctionMetadata,
    RpcHttp=_message,
    RpcHttpCookie=Cookie,
    RpcRetryOptions=RetryOptions,
    StatusResult=StatusResult,
    Timestamp=_message,
    TypedData=TypedData,
    WorkerInitResponse=_message,
    WorkerMetadata=_message,
)
