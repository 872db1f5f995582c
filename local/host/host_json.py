"""host.json as the local host honours it; unknown keys and wrong values are refused by name.

Option names are those of host.json in Azure. Options that only Azure honours are accepted and unused.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from shared.errors import ConfigurationError


def _read_time_span(value: Any) -> Any:
    """Read .NET's "hh:mm:ss[.fff]" or "d.hh:mm:ss" into a timedelta; other values are left for pydantic to refuse."""
    if not isinstance(value, str):
        raise ValueError('a time is written as "hh:mm:ss"')
    try:
        hours, minutes, seconds = value.split(":")
        days, _, hours = hours.rpartition(".")
        return timedelta(days=int(days or 0), hours=int(hours), minutes=int(minutes), seconds=float(seconds))
    except ValueError as error:
        raise ValueError('a time is written as "hh:mm:ss"') from error


TimeSpan = Annotated[timedelta, BeforeValidator(_read_time_span)]
Positive = Annotated[int, Field(ge=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, alias_generator=to_camel)


class HttpOptions(_Section):
    """extensions.http."""

    route_prefix: str = "api"
    max_outstanding_requests: int = -1
    max_concurrent_requests: int = -1
    dynamic_throttles_enabled: bool = False
    custom_headers: dict[str, str] = {}
    hsts: dict[str, Any] = {}


class KafkaOptions(_Section):
    """extensions.kafka; defaults are the extension's own (commitOnFailure true loses failed messages)."""

    max_batch_size: Positive = 64
    subscriber_interval_in_seconds: Positive = 1
    executor_channel_capacity: Positive = 1
    auto_offset_reset: Literal["Earliest", "Latest"] = "Earliest"
    auto_commit_interval_ms: Positive = 200
    session_timeout_ms: Positive = 10_000
    max_poll_interval_ms: Positive = 300_000
    commit_on_failure: bool = True
    max_retries: Annotated[int, Field(ge=0)] = 5
    fetch_max_bytes: Positive = 52_428_800
    max_partition_fetch_bytes: Positive = 1_048_576
    metadata_max_age_ms: Positive = 180_000
    queued_min_messages: Positive = 100_000
    reconnect_backoff_ms: Positive = 100
    reconnect_backoff_max_ms: Positive = 10_000
    statistics_interval_ms: Annotated[int, Field(ge=0)] = 0
    socket_keepalive_enable: bool = False
    subscriber_idle_backoff_ms: Positive = 50
    channel_full_retry_interval_in_ms: Positive = 50
    libkafka_debug: str = ""


class InitialOffset(_Section):
    """Where a partition without a checkpoint starts."""

    type: Literal["fromStart", "fromEnd", "fromEnqueuedTime"] = "fromStart"
    enqueued_time_utc: str = ""


class ClientRetryOptions(_Section):
    """How the Event Hubs client retries its own connection; not the function's retry policy."""

    mode: Literal["fixed", "exponential"] = "exponential"
    try_timeout: TimeSpan = timedelta(minutes=1)
    delay: TimeSpan = timedelta(milliseconds=800)
    maximum_delay: TimeSpan = timedelta(minutes=1)
    maximum_retries: Annotated[int, Field(ge=0)] = 3


class EventHubsOptions(_Section):
    """extensions.eventHubs."""

    max_event_batch_size: Positive = 100
    min_event_batch_size: Positive = 1
    max_wait_time: TimeSpan = timedelta(minutes=1)
    batch_checkpoint_frequency: Positive = 1
    prefetch_count: Positive = 300
    transport_type: Literal["amqpTcp", "amqpWebSockets"] = "amqpTcp"
    initial_offset_options: InitialOffset = InitialOffset()
    client_retry_options: ClientRetryOptions = ClientRetryOptions()


class DurableTaskOptions(_Section):
    """extensions.durableTask; the storage provider is Azure's, the local task hub keeps its history in PostgreSQL."""

    hub_name: str = "TestHubName"
    default_version: str = ""
    storage_provider: dict[str, Any] = {}
    tracing: dict[str, Any] = {}
    max_concurrent_activity_functions: Positive = 10
    max_concurrent_orchestrator_functions: Positive = 5


class Extensions(_Section):
    """The extensions that the local host knows."""

    http: HttpOptions = HttpOptions()
    kafka: KafkaOptions = KafkaOptions()
    event_hubs: EventHubsOptions = EventHubsOptions()
    durable_task: DurableTaskOptions = DurableTaskOptions()


class HostJson(_Section):
    """The whole file."""

    version: Literal["2.0"]
    function_timeout: TimeSpan = timedelta(minutes=30)
    extensions: Extensions = Extensions()
    extension_bundle: dict[str, str] = {}
    logging: dict[str, Any] = {}
    telemetry_mode: Literal["ApplicationInsights", "OpenTelemetry"] = "ApplicationInsights"
    concurrency: dict[str, Any] = {}
    health_monitor: dict[str, Any] = {}
    singleton: dict[str, Any] = {}


def read_host_json(app_dir: Path) -> HostJson:
    """Read and check `host.json`; ConfigurationError names each bad key or value."""
    path = app_dir / "host.json"
    try:
        return HostJson.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise ConfigurationError(f"{path} is missing: a function app needs one beside function_app.py.") from error
    except ValidationError as error:
        faults = [
            f"  {'.'.join(map(str, fault['loc'])) or 'the file'}: got {fault['input']!r:.80}. {fault['msg']}."
            for fault in error.errors()
        ]
        raise ConfigurationError(f"{path} is wrong:\n" + "\n".join(faults)) from error
