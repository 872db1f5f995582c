"""Routes: incidents, read by every analyst, merged and split by seniors."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, ClassVar, Literal

from fastapi import APIRouter, Query

from shared.access.identity import Identity
from shared.access.permissions import permissions_of
from shared.api.failures import failures
from shared.api.guard import IncidentChanger, InvestigationReader
from shared.api.lists import ListQuery, Page, key_text, key_time
from shared.api.services import Identifier, Services
from shared.contracts.alert import SeverityLevel
from shared.contracts.incident import Incident, IncidentMerge, IncidentSplit, IncidentSummary
from shared.incidents.report import Actor

router = APIRouter(prefix="/v1/incidents", tags=["incidents"])

_CHANGED = failures(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)


class IncidentQuery(ListQuery):
    """Which incidents, by the time they were opened. With filters a page may hold fewer than ``limit`` although another
    one follows: severity and state follow from an incident's alerts.
    """

    KEY: ClassVar = (key_time, key_text)

    sort: Literal["-opened_at", "opened_at"] = "-opened_at"
    state: Literal["open", "decided"] | None = None
    severity: SeverityLevel | None = None


@router.get("", responses=failures())
async def list_all(
    identity: InvestigationReader, services: Services, query: Annotated[IncidentQuery, Query()]
) -> Page[IncidentSummary]:
    """The tenant's incidents, newest first, without those that became part of another one."""
    tenant = identity.tenant_id
    decided = None if query.state is None else query.state == "decided"
    part = await services.incidents.incidents(tenant, query.listing(tenant), decided=decided, severity=query.severity)
    return query.page(tenant, part)


@router.get("/{incident_id}", responses=failures(HTTPStatus.NOT_FOUND))
async def read(incident_id: Identifier, identity: InvestigationReader, services: Services) -> Incident:
    """One incident: its alerts, why each is there, and what each turned out to be."""
    return await services.incidents.incident(identity.tenant_id, incident_id)


@router.post("/{incident_id}/merge", responses=_CHANGED)
async def merge(
    incident_id: Identifier, wish: IncidentMerge, identity: IncidentChanger, services: Services
) -> Incident:
    """Make an incident part of another one, which is the answer."""
    return await services.regrouping.merge(
        identity.tenant_id, incident_id, into=wish.into, actor=_person(identity), comment=wish.comment
    )


@router.post("/{incident_id}/split", responses=_CHANGED)
async def split(
    incident_id: Identifier, wish: IncidentSplit, identity: IncidentChanger, services: Services
) -> Incident:
    """Take alerts out of an incident into a new one, which is the answer; no rule joins the two again."""
    return await services.regrouping.split(
        identity.tenant_id, incident_id, wish.alert_ids, actor=_person(identity), comment=wish.comment
    )


def _person(identity: Identity) -> Actor:
    return Actor(identity.subject, permissions=permissions_of(identity))
