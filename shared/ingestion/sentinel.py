"""Alerts in Sentinel's own columns: rows of `SecurityAlert`, alert resources of Azure's API, and `SecurityIncident`."""

from __future__ import annotations

from typing import Any

from shared.contracts.alert import CanonicalAlert
from shared.contracts.incident import SourceIncident
from shared.ingestion.draft import Draft
from shared.ingestion.fields import Fields

SOURCE = "sentinel"
TENANT_EXPECTED = "TenantId or WorkspaceId"
TENANT_HINT = "An alert without a tenant can be shown to nobody; see the export rule of the workspace."


def read_security_alert(payload: dict[str, Any]) -> CanonicalAlert:
    """One row of the table `SecurityAlert`, or an alert as Defender for Cloud exports it (spec/data-model §2.1).

    The time is `TimeGenerated`: rows of one SystemAlertId are states of one alert, and this is their order.
    """
    fields = Fields("SecurityAlert", payload)
    named = fields.text("TenantId", "WorkspaceId") or _identified(fields)
    tenant = named or fields.required("TenantId", expected=TENANT_EXPECTED, hint=TENANT_HINT)
    return _draft(fields, payload, tenant).alert()


def read_arm_alert(payload: dict[str, Any]) -> CanonicalAlert:
    """A resource `Microsoft.Security/.../alerts` or a `SecurityAlert` entity of `Microsoft.SecurityInsights`.

    The tenant is the Log Analytics workspace, else the directory, that `resourceIdentifiers` name.
    """
    fields = Fields("alert resource", payload).part("properties")
    tenant = _identified(fields) or fields.required(
        "resourceIdentifiers", "TenantId", expected="one with a workspaceId or an aadTenantId", hint=TENANT_HINT
    )
    return _draft(fields, payload, tenant).alert()


def read_incident(payload: dict[str, Any]) -> CanonicalAlert:
    """One row of `SecurityIncident` that groups no alerts (made by hand, or of bookmarks), as an alert of its own.

    An incident with `AlertIds` is none: each of these alerts comes in a row of its own and is investigated as that;
    the incident as one more would be a second investigation of the same deed, without an entity to go by. Every change
    of an incident is a new row: the id is the incident's, the time the change's, so later rows update it.
    """
    fields = Fields("SecurityIncident", payload)
    more = fields.part("AdditionalData")
    return Draft(
        shape=fields.shape,
        source=SOURCE,
        alert_id=fields.required("IncidentName", "ProviderIncidentId"),
        tenant_id=fields.required("TenantId", "WorkspaceId", expected=TENANT_EXPECTED, hint=TENANT_HINT),
        timestamp=fields.time("TimeGenerated", "LastModifiedTime", "CreatedTime"),
        title=fields.text("Title"),
        description=fields.text("Description"),
        severity=fields.get("Severity"),
        tactics=(more.get("tactics"),),
        techniques=(more.get("techniques"),),
        late_entities=True,
        product=fields.text("ProviderName"),
        payload=payload,
        flags=("incident_without_alerts",),
    ).alert()


def alerts_of_incident(payload: dict[str, Any]) -> list[str]:
    """The ids of the alerts that an incident groups."""
    return Fields("SecurityIncident", payload).listed("AlertIds")


def grouped_by(payload: dict[str, Any]) -> SourceIncident:
    """A row of `SecurityIncident` with alerts, as the grouping that it is. Raises InvalidInput."""
    fields = Fields("SecurityIncident", payload)
    number = fields.get("IncidentNumber")  # a number in the table, text in an export
    return SourceIncident(
        tenant_id=fields.required("TenantId", "WorkspaceId", expected=TENANT_EXPECTED, hint=TENANT_HINT),
        source=SOURCE,
        number=str(number) if number else fields.required("IncidentName", "ProviderIncidentId"),
        title=fields.text("Title"),
        alert_ids=alerts_of_incident(payload),
        status=fields.text("Status"),
        classification=fields.text("Classification"),
    )


def _identified(fields: Fields) -> str:
    """The workspace, else the directory, that the resource identifiers name."""
    identifiers = list(fields.parts("resourceIdentifiers"))
    named = (item.text(name) for name in ("workspaceId", "aadTenantId") for item in identifiers)
    return next(filter(None, named), "")


def _draft(fields: Fields, payload: dict[str, Any], tenant: str) -> Draft:
    """The columns of `SecurityAlert`, under the names of the table and of Azure's API."""
    return Draft(
        shape=fields.shape,
        source=SOURCE,
        alert_id=fields.required("SystemAlertId"),
        tenant_id=tenant,
        timestamp=fields.time(
            *("TimeGenerated", "TimeGeneratedUtc", "StartTime", "StartTimeUtc", "EndTime", "EndTimeUtc"),
            *("ProcessingEndTime", "ProcessingEndTimeUtc"),
        ),
        title=fields.text("AlertName", "AlertDisplayName", "DisplayName", "AlertType"),
        description=fields.text("Description"),
        severity=fields.get("AlertSeverity", "Severity"),
        tactics=(fields.get("Tactics", "Intent"),),
        techniques=(fields.get("Techniques"), fields.get("SubTechniques")),
        entities=fields.get("Entities"),
        late_entities=True,
        product=fields.text("ProductName", "ProviderName"),
        payload=payload,
    )
