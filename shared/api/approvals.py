"""Routes: what waits for a person, and the person's decision."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, ClassVar, Literal

from fastapi import APIRouter, Query

from shared.access.permissions import permissions_of
from shared.api.failures import failures
from shared.api.guard import ApprovalDecider, InvestigationReader
from shared.api.lists import ListQuery, Page, key_text, key_time
from shared.api.services import Identifier, Services
from shared.contracts.approval import Approval, ApprovalDecision

router = APIRouter(prefix="/v1/approvals", tags=["approvals"])


class ApprovalQuery(ListQuery):
    """Which approvals, by the time they expire."""

    KEY: ClassVar = (key_time, key_text)

    sort: Literal["expires_at", "-expires_at"] = "expires_at"


@router.get("", responses=failures())
async def list_waiting(
    identity: InvestigationReader, services: Services, query: Annotated[ApprovalQuery, Query()]
) -> Page[Approval]:
    """What waits for a person in this tenant, the next to expire first."""
    tenant = identity.tenant_id
    return query.page(tenant, await services.cases.waiting_approvals(tenant, query.listing(tenant)))


@router.post("/{approval_id}", responses=failures(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT))
async def decide(
    approval_id: Identifier,
    decision: ApprovalDecision,
    identity: ApprovalDecider,
    services: Services,
) -> Approval:
    """Grant or deny exactly the actions whose hash the caller repeats."""
    return await services.approvals.decide(
        identity.tenant_id, approval_id, decision, decided_by=identity.subject, permissions=permissions_of(identity)
    )
