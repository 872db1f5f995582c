"""Alerts to link, named by what they are about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.contracts.alert import NormalizedAlert
from shared.ingestion.shapes import read_alert
from shared.parsing.entities import parse_alert_entities
from tests.unit.incidents.everyday import row

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def normalized(source_row: dict[str, Any]) -> NormalizedAlert:
    """A row of `SecurityAlert` as the parser passes it on."""
    alert = read_alert(source_row)
    parsed = parse_alert_entities(alert.entities_raw, alert.raw_payload)
    return NormalizedAlert.model_validate({**alert.model_dump(), "parsed_entities": parsed})


def alert(
    alert_id: str,
    *entities: dict[str, Any],
    minutes: float = 0,
    severity: str = "Medium",
    tactics: str = "",
    tenant: str = "",
    **more: Any,
) -> NormalizedAlert:
    """An alert about something that happened so many minutes after noon."""
    made = row(alert_id, f"Alert {alert_id}", severity, tactics, NOON + timedelta(minutes=minutes), entities, **more)
    return normalized({**made, "TenantId": tenant or made["TenantId"]})
