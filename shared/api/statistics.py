"""Routes: what an operator wants to know of everything at once, for people and for Prometheus."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Response

from shared.access.permissions import Permission, is_permitted
from shared.api.failures import failures
from shared.api.guard import InvestigationReader, MetricsReader
from shared.api.metrics import CONTENT_TYPE, exposition
from shared.api.services import ApiServices, Services
from shared.contracts.statistics import Platform, Statistics

router = APIRouter(tags=["operation"])


@router.get("/v1/stats", responses=failures())
async def statistics(identity: InvestigationReader, services: Services) -> Statistics:
    """The tenant's cases counted; with them, for administrators, what all tenants share."""
    platform = await _platform(services) if is_permitted(identity, Permission.READ_PLATFORM) else None
    return Statistics(at=datetime.now(UTC), cases=await services.counts.read(identity.tenant_id), platform=platform)


@router.get("/metrics", responses=failures(), response_class=Response)
async def metrics(identity: MetricsReader, services: Services) -> Response:
    """The same in Prometheus' text format; the scraper's token names the tenant whose cases are counted."""
    counted = await services.counts.read(identity.tenant_id)
    found = Statistics(at=datetime.now(UTC), cases=counted, platform=await _platform(services))
    return Response(exposition(found, tenant=identity.tenant_id), media_type=CONTENT_TYPE)


async def _platform(services: ApiServices) -> Platform:
    return Platform(
        backlog=await services.backlog.read(),
        model=await services.model_health.status(),
        spend=await services.spend.status(),
    )
