"""Incidents: alerts that belong together, and why (design §8.17)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from shared.contracts.contract import Contract
from shared.contracts.tenant import TenantId

MOST_ALERTS = 150  # of one incident that rules gather; Sentinel's own incidents end there too

Name = Annotated[str, StringConstraints(pattern=r"^[^\x00]{1,512}$")]  # PostgreSQL takes no NUL


class LinkedBy(StrEnum):
    """Who put an alert into its incident. What a person did is never undone by the others."""

    RULE = "rule"
    SOURCE = "source"  # the product that raised the alerts grouped them itself
    PERSON = "person"


class AlertExposure(Contract):
    """An open exposure of what an alert names. ``reason`` says how it matches."""

    exposure_key: str
    title: str
    severity: str
    reason: str


class IncidentAlert(Contract):
    """One alert of an incident, with the reason why it is there and what its investigation has come to.

    Title and reason hold text from outside. Times are of the activity that the alert is about.
    """

    alert_id: str
    incident_id: str
    investigation_id: str
    source: str
    title: str
    severity: str
    product: str
    tactics: list[str]
    techniques: list[str]
    began_at: datetime
    ended_at: datetime
    linked_at: datetime
    linked_by: str  # see LinkedBy
    reason: str
    linked_to: list[str]  # the alerts that a rule linked it to
    decided: bool  # its investigation has ended
    classification: str
    confidence: float
    outcome: str
    exposures: list[AlertExposure] = Field(default_factory=list)


class SourceIncident(Contract):
    """Alerts that the product which raised them has grouped itself, such as a row of Sentinel's `SecurityIncident`."""

    tenant_id: TenantId
    source: str
    number: str
    title: str
    alert_ids: list[str]
    status: str = ""  # in the product's words, as is the classification
    classification: str = ""


class RelatedAlert(Contract):
    """Another alert of a case's incident, as the case saw it when the model was asked. Times are ISO 8601 UTC."""

    alert_id: str
    title: str
    severity: str
    tactics: list[str]
    began_at: str
    why: str  # the reason why it is in the incident
    classification: str = ""  # empty while its investigation goes on


class IncidentSummary(Contract):
    """One line of the list. Severity, priority (1 is the highest, 5 the lowest) and stage follow from the alerts."""

    incident_id: str
    title: str
    severity: str
    priority: int
    stage: str
    decided: bool  # every investigation of it has ended
    alerts: int
    opened_at: datetime
    began_at: datetime | None  # None once its alerts went into another incident
    ended_at: datetime | None
    source_incident: str | None  # the number that the source gave its own grouping
    source_status: str = ""  # what the source says of it, in its words
    source_classification: str = ""
    merged_into: str | None


class Incident(IncidentSummary):
    """One incident whole, the alerts by the time of their activity."""

    members: list[IncidentAlert]


class IncidentMerge(Contract):
    """A person's wish that the alerts of one incident go into another."""

    into: Name
    comment: str = Field(default="", max_length=2048)


class IncidentSplit(Contract):
    """A person's wish that these alerts leave their incident and form one of their own."""

    alert_ids: list[Name] = Field(min_length=1, max_length=MOST_ALERTS)
    comment: str = Field(default="", max_length=2048)
