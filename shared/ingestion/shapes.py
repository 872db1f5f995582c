"""Every shape that alerts of Microsoft Sentinel come in: one detector, one reader a shape, all to CanonicalAlert."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shared.contracts.alert import CanonicalAlert
from shared.contracts.incident import SourceIncident
from shared.contracts.outside_text import storable
from shared.errors import InvalidInput
from shared.ingestion.defender import CATEGORY, read_alert_evidence, read_alert_info
from shared.ingestion.graph_alert import ODATA_TYPE, read_graph_alert
from shared.ingestion.sentinel import alerts_of_incident, grouped_by, read_arm_alert, read_incident, read_security_alert

READERS: Mapping[str, Callable[[dict[str, Any]], CanonicalAlert]] = {
    "SecurityAlert": read_security_alert,
    "SecurityIncident": read_incident,
    "AlertInfo": read_alert_info,
    "AlertEvidence": read_alert_evidence,
    "Graph alert": read_graph_alert,
    "alert resource": read_arm_alert,
}
TABLES = {name.lower(): name for name in ("SecurityAlert", "SecurityIncident", "AlertInfo", "AlertEvidence")}
STREAMED = {f"{CATEGORY}{name}".lower(): name for name in ("AlertInfo", "AlertEvidence")}
HEARTBEAT, TELEMETRY = "heartbeat", "telemetry"


def read_alert(row: Any) -> CanonicalAlert:
    """The alert of one row of any shape. Raises InvalidInput that names the shape and the field that is wrong, also
    for a row that ``left_out`` has a reason for.
    """
    if not isinstance(row, dict):
        shapes = ", ".join(READERS)
        raise InvalidInput("row", got=row, expected=f"an object, one alert in one of the shapes {shapes}")
    payload: dict[str, Any] = storable(row)
    if reason := left_out(payload):
        raise InvalidInput("row", got=reason, expected="an alert")
    return READERS[shape_of(payload)](payload)


def left_out(row: Any) -> str:
    """Why a row is to be counted and not read; "" when it is to be read.

    Heartbeats are none; nor is an incident of alerts that come themselves (see read_incident); nor a table of
    telemetry that Defender XDR was told to stream along.
    """
    if not isinstance(row, dict):
        return ""
    if any(_word(row.get(name)) == HEARTBEAT for name in ("Type", "type", "Category", "category", "AlertType")):
        return HEARTBEAT
    shape = shape_of(row)
    if shape == "SecurityIncident" and (alerts := alerts_of_incident(row)):
        return f"an incident, whose alerts come themselves ({len(alerts)})"
    return "telemetry, no table of alerts" if shape == TELEMETRY else ""


def grouping_of(row: Any) -> SourceIncident | None:
    """The grouping that a row is, which ``left_out`` counts as an incident; None for others. Raises InvalidInput."""
    if not isinstance(row, dict) or shape_of(row) != "SecurityIncident":
        return None
    return grouped_by(storable(row))


def shape_of(row: Mapping[str, Any]) -> str:
    """The shape by what only that one has; a row that shows nothing is held to be a SecurityAlert."""
    columns = {name.lower(): value for name, value in row.items()}
    category, kind, odata = (_word(columns.get(name)) for name in ("category", "type", "@odata.type"))
    sure = (  # in this order: what is named goes before what can be seen
        (category.startswith(CATEGORY.lower()), STREAMED.get(category, TELEMETRY)),
        (kind in TABLES, TABLES.get(kind, "")),
        (odata.removeprefix("#") == ODATA_TYPE, "Graph alert"),
        ("systemalertid" in columns, "SecurityAlert"),
        ("evidence" in columns, "Graph alert"),
        (isinstance(columns.get("properties"), dict), "alert resource"),
        ("incidentname" in columns, "SecurityIncident"),
        ({"alertid", "entitytype"} <= columns.keys(), "AlertEvidence"),
        ("alertid" in columns, "AlertInfo"),
    )
    return next((shape for fits, shape in sure if fits), "SecurityAlert")


def _word(value: Any) -> str:
    return value.lower() if isinstance(value, str) else ""
