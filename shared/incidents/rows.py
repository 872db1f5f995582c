"""Rows of incidents: of an alert for the database, and what comes back from it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from shared.contracts.alert import NormalizedAlert
from shared.contracts.incident import AlertExposure, IncidentAlert, IncidentSummary
from shared.contracts.outside_text import storable
from shared.incidents.linking import Neighbour, Seen
from shared.incidents.stage import weighed
from shared.incidents.traces import Kind, Trace, Traces

MOST_EXPOSURES = 10  # that an incident shows of one alert; the first are the most telling


def alert_values(alert: NormalizedAlert, traces: Traces, investigation_id: str) -> dict[str, Any]:
    """The columns of an alert and of the incident that it may open."""
    said = {
        "alert_id": alert.alert_id,
        "source": alert.source,
        "title": alert.title,
        "product": alert.product,
        "tactics": alert.tactics,
        "techniques": alert.techniques,
        "principals": sorted(traces.principals),
    }
    return {
        **storable(said),
        "tenant_id": alert.tenant_id,
        "investigation_id": investigation_id,
        "severity": alert.severity,
        "began_at": traces.began,
        "ended_at": traces.ended,
    }


def exposures_named(found: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """What an alert's investigation found open on what it names; a risk that a person took raises nothing."""
    names = AlertExposure.model_fields
    telling = (one for one in found if names.keys() <= one.keys() and not one.get("accepted"))
    return [{name: str(one[name]) for name in names} for one in islice(telling, MOST_EXPOSURES)]


def neighbour(row: dict[str, Any]) -> Neighbour:
    """An alert that shares a trace."""
    seen = Seen(
        alert_id=row["alert_id"],
        source=row["source"],
        title=row["title"],
        severity=row["severity"],
        tactics=row["tactics"],
        techniques=row["techniques"],
        began=row["began_at"],
        ended=row["ended_at"],
        principals=frozenset(row["principals"]),
    )
    return Neighbour(Trace(Kind(row["kind"]), row["value"]), seen, row["incident_id"])


def summary(row: dict[str, Any], members: Sequence[IncidentAlert]) -> IncidentSummary:
    """One line of the list of incidents."""
    stage, severity, priority = weighed(members)
    return IncidentSummary(
        incident_id=row["incident_id"],
        title=row["title"],
        severity=severity,
        priority=priority,
        stage=stage.label,
        decided=all(alert.decided for alert in members),
        alerts=len(members),
        opened_at=row["opened_at"],
        began_at=min((alert.began_at for alert in members), default=None),
        ended_at=max((alert.ended_at for alert in members), default=None),
        source_incident=row["source_incident"],
        source_status=row["source_status"],
        source_classification=row["source_classification"],
        merged_into=row["merged_into"],
    )


def member(row: dict[str, Any]) -> IncidentAlert:
    """An alert of an incident."""
    return IncidentAlert.from_stored(row, where=f"incident_alerts {row['alert_id']}")
