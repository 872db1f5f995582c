"""Routes: investigations, read only."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from shared.api.cursor import Cursor
from shared.api.failures import failures
from shared.api.guard import InvestigationReader
from shared.api.reads import (
    InvestigationDetail,
    InvestigationFilters,
    InvestigationPage,
    list_investigations,
    read_investigation,
)
from shared.api.services import Identifier, Services
from shared.contracts.alert import SeverityLevel
from shared.contracts.contract import Contract
from shared.contracts.investigation import InvestigationState

router = APIRouter(prefix="/v1/investigations", tags=["investigations"])


class InvestigationQuery(Contract):
    """Which investigations: None means any; ``cursor`` from the page before."""

    state: InvestigationState | None = None
    severity: SeverityLevel | None = None
    cursor: str | None = None
    limit: int = Field(default=50, ge=1, le=100)


@router.get("", responses=failures())
async def list_all(
    identity: InvestigationReader, services: Services, query: Annotated[InvestigationQuery, Query()]
) -> InvestigationPage:
    """The tenant's investigations, newest first."""
    return await list_investigations(
        services.postgres,
        identity.tenant_id,
        InvestigationFilters(state=query.state, severity=query.severity),
        cursor=Cursor.decode(query.cursor) if query.cursor else None,
        limit=query.limit,
    )


@router.get("/{investigation_id}", responses=failures(HTTPStatus.NOT_FOUND))
async def read(investigation_id: Identifier, identity: InvestigationReader, services: Services) -> InvestigationDetail:
    """One investigation: state, decision chain, transitions, approvals, actions."""
    return await read_investigation(services.postgres, identity.tenant_id, investigation_id)
