"""Routes: exposures, read by every analyst; seniors take a risk and name who repairs it."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Annotated, ClassVar, Literal

from fastapi import APIRouter, Query

from shared.access.identity import Identity
from shared.access.permissions import permissions_of
from shared.api.failures import failures
from shared.api.guard import ExposureDecider, InvestigationReader
from shared.api.lists import ListQuery, Page, key_text
from shared.api.services import Identifier, Services
from shared.contracts.exposure import (
    ExposureAcceptance,
    ExposureAssignment,
    ExposureRecord,
    ExposureSeverity,
    ExposureStatus,
)
from shared.ctem.decisions import Decider
from shared.ctem.finding import Tool

router = APIRouter(prefix="/v1/exposures", tags=["exposures"])

_DECIDED = failures(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND)


def _key_score(text: str) -> float:
    score = float(text)
    if not math.isfinite(score):
        raise ValueError(text)
    return score


class ExposureQuery(ListQuery):
    """Which exposures, by score."""

    KEY: ClassVar = (_key_score, key_text)

    sort: Literal["-ctem_score", "ctem_score"] = "-ctem_score"
    severity: ExposureSeverity | None = None
    status: ExposureStatus | None = None
    source_tool: Tool | None = None


@router.get("", responses=failures())
async def list_all(
    identity: InvestigationReader, services: Services, query: Annotated[ExposureQuery, Query()]
) -> Page[ExposureRecord]:
    """The tenant's exposures, the worst first."""
    tenant = identity.tenant_id
    part = await services.exposures.listed(
        tenant, query.listing(tenant), severity=query.severity, status=query.status, tool=query.source_tool
    )
    return query.page(tenant, part)


@router.get("/{exposure_key}", responses=failures(HTTPStatus.NOT_FOUND))
async def read(exposure_key: Identifier, identity: InvestigationReader, services: Services) -> ExposureRecord:
    """One exposure: what was found, why it is graded so, and what has become of it."""
    return await services.exposures.exposure(identity.tenant_id, exposure_key)


@router.post("/{exposure_key}/accept", responses=_DECIDED)
async def accept(
    exposure_key: Identifier, wish: ExposureAcceptance, identity: ExposureDecider, services: Services
) -> ExposureRecord:
    """Take the risk until a moment."""
    await services.exposure_decisions.accept(identity.tenant_id, exposure_key, wish, _person(identity))
    return await services.exposures.exposure(identity.tenant_id, exposure_key)


@router.post("/{exposure_key}/assign", responses=_DECIDED)
async def assign(
    exposure_key: Identifier, wish: ExposureAssignment, identity: ExposureDecider, services: Services
) -> ExposureRecord:
    """Name who repairs it."""
    await services.exposure_decisions.assign(identity.tenant_id, exposure_key, wish, _person(identity))
    return await services.exposures.exposure(identity.tenant_id, exposure_key)


def _person(identity: Identity) -> Decider:
    return Decider(identity.subject, permissions_of(identity))
