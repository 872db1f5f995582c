"""The columns that the simulator fills, as detections.md §4 has them; ``alerts`` stands for what rule 008 reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[Any]

TABLES: dict[str, tuple[str, ...]] = {
    "databricks_audit": (
        *("ts", "tenant_id", "user_id", "action", "target_resource", "source_ip"),
        *("workspace_id", "cluster_name"),
    ),
    "orbital_nl_query_logs": (
        *("ts", "tenant_id", "user_id", "session_id", "query_text", "response_summary"),
        *("tool_calls_made", "safety_filter_triggered", "token_count"),
    ),
    "orbital_inference_logs": (
        *("ts", "tenant_id", "edge_node_id", "model_version", "input_hash", "output_hash"),
        *("physics_check_result", "confidence_score", "inference_latency_ms"),
    ),
    "orbital_physics_oracle": (
        *("ts", "tenant_id", "edge_node_id", "constraint_id", "check_result", "latency_ms"),
        *("error_state", "input_hash"),
    ),
    "model_registry": (
        *("ts", "tenant_id", "user_id", "action", "model_name", "model_version", "model_hash"),
        *("stage", "approved_by"),
    ),
    "cicd_audit": (
        *("ts", "tenant_id", "pipeline_id", "trigger_type", "commit_hash", "dependency_changes"),
        *("tests_passed", "tests_failed", "deployer"),
    ),
    "orbital_api_logs": (
        *("ts", "tenant_id", "caller_ip", "caller_identity", "endpoint", "method", "response_code"),
        *("request_payload_size", "response_payload_size"),
    ),
    "opcua_telemetry": (
        *("ts", "tenant_id", "edge_node_id", "sensor_count", "data_points_received", "connection_state"),
        *("auth_method", "protocol_violations"),
    ),
    "partner_api_logs": (
        *("ts", "tenant_id", "partner_id", "partner_name", "direction", "data_type", "payload_size"),
        *("response_code", "mtls_verified"),
    ),
    "edge_node_telemetry": (
        *("ts", "tenant_id", "edge_node_id", "model_weight_hash", "disk_integrity", "boot_attestation"),
        *("active_connections", "cpu_utilisation", "memory_utilisation"),
    ),
    "alerts": ("ts", "tenant_id", "alert_id", "source", "alert_title", "severity"),
}


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of one table as columns of one length. ``ts`` is UTC in microseconds; None is NULL."""

    table: str
    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(self.columns["ts"])

    def where(self, rows: NDArray[Any]) -> Block:
        """The rows that a mask or a list of places names."""
        return Block(self.table, {name: column[rows] for name, column in self.columns.items()})

    def replaced(self, **columns: Column) -> Block:
        """The same rows with other values in some columns."""
        return Block(self.table, {**self.columns, **columns})


def block(table: str, tenant_id: str, ts: Column, **columns: Column | Sequence[Any] | str | float | None) -> Block:
    """A block of ``table``; a single value is repeated. Each column of the table but tenant_id must be given."""
    count = len(ts)
    full = {
        name: value if isinstance(value, np.ndarray) else _column(value, count)
        for name, value in {"ts": ts, "tenant_id": tenant_id, **columns}.items()
    }
    return Block(table, {name: full[name] for name in TABLES[table]})


def _column(value: Any, count: int) -> Column:
    if isinstance(value, (list, tuple)):
        column = np.empty(count, dtype=object)
        column[:] = value
        return column
    return np.full(count, value, dtype=object)
