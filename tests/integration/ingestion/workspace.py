"""A workspace of the simulated Log Analytics that one test has for itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

NOW = datetime.now(UTC)


def ago(**parts: float) -> str:
    """A time before this run, as the service writes it."""
    return (NOW - timedelta(**parts)).isoformat()


def row(alert_id: str = "a-1", **columns: Any) -> dict[str, Any]:
    """A row of SecurityAlert; its TenantId is the workspace's id, as in the service. `ingested` is not a column."""
    return {
        "TenantId": "00000000-0000-0000-0000-00000000ffff",
        "TimeGenerated": "2026-11-20T08:14:22.1234567Z",
        "SystemAlertId": alert_id,
        "AlertName": "Something happened",
        "AlertSeverity": "High",
        "Entities": '[{"$id":"1","Type":"host","HostName":"ws-1"}]',
        "Type": "SecurityAlert",
        "ingested": ago(minutes=1),
        **columns,
    }


class SimulatedWorkspace:
    """Rows, faults and queries of one workspace, by the simulator's switches."""

    def __init__(self, http: httpx.Client, *rows: dict[str, Any]) -> None:
        self.id = str(uuid4())
        self.tenant = f"tenant-{self.id[:8]}"
        self._http = http
        self._control = f"control/workspaces/{self.id}"
        self.add(*rows)

    def add(self, *rows: dict[str, Any], table: str = "SecurityAlert") -> None:
        # ASCII: a test may put half a surrogate pair into a row
        self._http.post(f"{self._control}/rows?table={table}", content=json.dumps(rows)).raise_for_status()

    def fault(self, kind: str, **options: Any) -> None:
        self._http.post(f"{self._control}/faults", json={"fault": kind, **options}).raise_for_status()

    def clear_faults(self) -> None:
        self._http.delete(f"{self._control}/faults").raise_for_status()

    def queries(self) -> list[str]:
        queries: list[str] = self._http.get(f"{self._control}/queries").json()["queries"]
        return queries
