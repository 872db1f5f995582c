"""The gateway's side of the audit trail: where its events go (spec/security-and-audit §2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class AuditSink(Protocol):
    """Takes events of the audit vocabulary; in production shared/audit's AuditProducer, in tests a list."""

    async def emit(  # noqa: PLR0913 - the fields of one event
        self,
        *,
        tenant_id: str,
        event_type: str,
        actor_id: str,
        context: Mapping[str, Any] = ...,
        decision: Mapping[str, Any] = ...,
        outcome: Mapping[str, Any] = ...,
        severity: str = ...,
        investigation_id: str = ...,
        alert_id: str = ...,
    ) -> None:
        """Record one event. It must not fail the call that it reports."""
