"""Routes: the batch scheduler, for whoever wonders what waits and what came back."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from shared.api.failures import failures
from shared.api.guard import InvestigationReader
from shared.api.lists import ListQuery, Page
from shared.api.services import Services
from shared.contracts.batch_status import BatchStatus, TaskResult

router = APIRouter(prefix="/v1/batches", tags=["batches"])


class ResultQuery(ListQuery):
    """Which results, by the ids of their tasks."""

    KEY: ClassVar = (UUID,)

    sort: Literal["task_id"] = "task_id"


@router.get("", responses=failures())
async def status(identity: InvestigationReader, services: Services) -> BatchStatus:
    """What waits, and the newest batches."""
    return await services.batches.status(identity.tenant_id)


@router.get("/{job_id}/results", responses=failures(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND))
async def results(
    job_id: UUID, identity: InvestigationReader, services: Services, query: Annotated[ResultQuery, Query()]
) -> Page[TaskResult]:
    """What became of the tasks of one batch."""
    tenant = identity.tenant_id
    return query.page(tenant, await services.batches.results(tenant, job_id, query.listing(tenant)))
