"""Routes: investigations, read only."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, ClassVar, Literal

from fastapi import APIRouter, Query

from shared.api.failures import failures
from shared.api.guard import InvestigationReader
from shared.api.lists import ListQuery, Page, key_text, key_time
from shared.api.services import Identifier, Services
from shared.contracts.alert import SeverityLevel
from shared.contracts.approval import Approval
from shared.contracts.case_file import CaseFile, InvestigationSummary
from shared.contracts.investigation import GraphState, InvestigationState

router = APIRouter(prefix="/v1/investigations", tags=["investigations"])

RAW = ("raw_payload", "raw_text")  # the source's own words in full, up to a megabyte: the evidence package has them


class InvestigationQuery(ListQuery):
    """Which investigations, by the time they were opened."""

    KEY: ClassVar = (key_time, key_text)

    sort: Literal["-created_at", "created_at"] = "-created_at"
    state: InvestigationState | None = None
    severity: SeverityLevel | None = None


class InvestigationDetail(CaseFile):
    """One investigation whole; the decision chain is ``graph_state.decision_chain``."""

    graph_state: GraphState  # type: ignore[assignment]  # the same, read
    approvals: list[Approval]  # type: ignore[assignment]  # the same, read


@router.get("", responses=failures())
async def list_all(
    identity: InvestigationReader, services: Services, query: Annotated[InvestigationQuery, Query()]
) -> Page[InvestigationSummary]:
    """The tenant's investigations, newest first."""
    tenant = identity.tenant_id
    part = await services.cases.cases(tenant, query.listing(tenant), state=query.state, severity=query.severity)
    return query.page(tenant, part)


@router.get("/{investigation_id}", responses=failures(HTTPStatus.NOT_FOUND))
async def read(investigation_id: Identifier, identity: InvestigationReader, services: Services) -> InvestigationDetail:
    """One investigation: state, decision chain, transitions, approvals, actions."""
    case = await services.cases.read(identity.tenant_id, investigation_id)
    alert = {name: value for name, value in case.alert.items() if name not in RAW}
    return InvestigationDetail.from_stored(
        {**dict(case), "alert": alert}, where=f"investigation_state {investigation_id}"
    )
