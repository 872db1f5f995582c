"""A row of each telemetry table as it comes from outside (spec §4): strict types, one case, times with a zone.

Unknown fields are ignored: a source may say more than rules ask. What a field may be is what its table takes.
"""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, TypeAdapter

from shared.contracts.outside_text import read_json, storable
from shared.contracts.tenant import DEFAULT_TENANT, TenantId

OLDEST = timedelta(days=730)  # of what is older there is no month
AHEAD = timedelta(hours=1)  # clocks differ; what is further ahead is wrong


def _in_reach(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time with its zone, such as 2026-11-20T08:00:00Z")
    if not -OLDEST.total_seconds() <= moment.timestamp() - time.time() <= AHEAD.total_seconds():
        raise ValueError(f"a time of the last {OLDEST.days} days and at most {AHEAD.seconds // 60} minutes ahead")
    return moment


def _address(text: str) -> str:
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
    except (OSError, ValueError):
        raise ValueError("an IPv4 or IPv6 address") from None
    return text


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("a finite number")
    return value


def _listed(value: Any) -> Any:
    """CSV has no lists: there it is JSON."""
    return read_json(value.encode()) if isinstance(value, str) else value


def _blank(value: Any) -> Any:
    """CSV has no null: an empty field says nothing."""
    return None if value == "" else value


Name = Annotated[str, Field(min_length=1, max_length=512)]
Words = Annotated[str, Field(max_length=100_000)]
MaybeName = Annotated[Name | None, BeforeValidator(_blank)]
MaybeWords = Annotated[Words | None, BeforeValidator(_blank)]
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
MaybeCount = Annotated[Count | None, BeforeValidator(_blank)]
Bytes = Annotated[int, Field(ge=0, le=2**63 - 1)]
Code = Annotated[int, Field(ge=0, le=999)]
Moment = Annotated[datetime, AfterValidator(_in_reach)]
Share = Annotated[float, Field(ge=0, le=1)]
Percent = Annotated[float, Field(ge=0, le=100), AfterValidator(_finite)]
Upper = BeforeValidator(lambda value: value.strip().upper() if isinstance(value, str) else value)
Lower = BeforeValidator(lambda value: (value.strip().lower() or None) if isinstance(value, str) else value)
Address = Annotated[str, Field(max_length=45), AfterValidator(_address)]
MaybeAddress = Annotated[Address | None, BeforeValidator(_blank)]


class _Row(TypedDict):
    """What every row has. ``id`` is a source's own, unique in its tenant: a row that comes twice is stored once."""

    __pydantic_config__ = ConfigDict(extra="ignore")  # type: ignore[misc]
    ts: Moment
    tenant_id: NotRequired[TenantId]
    id: NotRequired[Annotated[str, Field(min_length=1, max_length=512)]]


class DatabricksAudit(_Row):
    """databricks_audit."""

    user_id: Name
    action: Name
    target_resource: Name
    source_ip: NotRequired[MaybeAddress]
    workspace_id: NotRequired[MaybeName]
    cluster_name: NotRequired[MaybeName]


class NlQuery(_Row):
    """orbital_nl_query_logs."""

    user_id: Name
    session_id: Name
    query_text: Words
    response_summary: NotRequired[MaybeWords]
    tool_calls_made: NotRequired[Annotated[list[Any], BeforeValidator(_listed), AfterValidator(storable)]]
    safety_filter_triggered: NotRequired[bool]
    token_count: NotRequired[Count]


class Inference(_Row):
    """orbital_inference_logs."""

    edge_node_id: Name
    model_version: Name
    input_hash: Name
    output_hash: Name
    physics_check_result: Annotated[Literal["PASS", "FAIL", "SKIP"], Upper]
    confidence_score: Share
    inference_latency_ms: Count


class PhysicsCheck(_Row):
    """orbital_physics_oracle."""

    edge_node_id: Name
    constraint_id: Name
    check_result: Annotated[Literal["PASS", "FAIL"], Upper]
    latency_ms: Count
    error_state: NotRequired[Annotated[Name, Upper]]
    input_hash: Name


class RegistryEvent(_Row):
    """model_registry."""

    user_id: Name
    action: Name
    model_name: Name
    model_version: NotRequired[MaybeName]
    model_hash: NotRequired[MaybeName]
    stage: NotRequired[Annotated[Name | None, Lower]]
    approved_by: NotRequired[MaybeName]


class PipelineRun(_Row):
    """cicd_audit."""

    pipeline_id: Name
    trigger_type: Name
    commit_hash: Name
    dependency_changes: NotRequired[Words | None]
    tests_passed: NotRequired[MaybeCount]
    tests_failed: NotRequired[MaybeCount]
    deployer: NotRequired[MaybeName]


class ApiCall(_Row):
    """orbital_api_logs."""

    caller_ip: Address
    caller_identity: Name
    endpoint: Name
    method: Name
    response_code: Code
    request_payload_size: NotRequired[Bytes]
    response_payload_size: NotRequired[Bytes]


class OpcUaReport(_Row):
    """opcua_telemetry."""

    edge_node_id: Name
    sensor_count: NotRequired[Count]
    data_points_received: NotRequired[Count]
    connection_state: NotRequired[Name]
    auth_method: NotRequired[MaybeName]
    protocol_violations: NotRequired[Count]


class PartnerCall(_Row):
    """partner_api_logs."""

    partner_id: Name
    partner_name: Name
    direction: Annotated[Literal["inbound", "outbound"], Lower]
    data_type: NotRequired[MaybeName]
    payload_size: NotRequired[Bytes]
    response_code: Code
    mtls_verified: bool


class NodeHealth(_Row):
    """edge_node_telemetry."""

    edge_node_id: Name
    model_weight_hash: Name
    disk_integrity: NotRequired[Annotated[Literal["ok", "failed", "unavailable"] | None, Lower]]
    boot_attestation: NotRequired[Annotated[Literal["ok", "failed", "unavailable"] | None, Lower]]
    active_connections: NotRequired[Count]
    cpu_utilisation: NotRequired[Percent]
    memory_utilisation: NotRequired[Percent]


ROWS: Mapping[str, type[Any]] = MappingProxyType({
    "databricks_audit": DatabricksAudit,
    "orbital_nl_query_logs": NlQuery,
    "orbital_inference_logs": Inference,
    "orbital_physics_oracle": PhysicsCheck,
    "model_registry": RegistryEvent,
    "cicd_audit": PipelineRun,
    "orbital_api_logs": ApiCall,
    "opcua_telemetry": OpcUaReport,
    "partner_api_logs": PartnerCall,
    "edge_node_telemetry": NodeHealth,
})  # fmt: skip
# What a column is when a row does not say; every other column that may be left out is then NULL.
DEFAULTS: Mapping[str, Any] = MappingProxyType({
    "tenant_id": DEFAULT_TENANT,
    "tool_calls_made": [],
    "safety_filter_triggered": False,
    "token_count": 0,
    "error_state": "NONE",
    "request_payload_size": 0,
    "response_payload_size": 0,
    "sensor_count": 0,
    "data_points_received": 0,
    "connection_state": "Connected",
    "protocol_violations": 0,
    "payload_size": 0,
    "active_connections": 0,
    "cpu_utilisation": 0.0,
    "memory_utilisation": 0.0,
})  # fmt: skip
READERS: Mapping[str, TypeAdapter[Any]] = MappingProxyType({
    table: TypeAdapter(row) for table, row in ROWS.items()
})  # fmt: skip
COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    table: tuple(name for name in row.__annotations__ if name != "id") for table, row in ROWS.items()
})  # fmt: skip
