"""Routes: what waits for a person, and the person's decision."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter

from shared.access.permissions import permissions_of
from shared.api.failures import failures
from shared.api.guard import ApprovalDecider, InvestigationReader
from shared.api.reads import list_waiting_approvals
from shared.api.services import Identifier, Services
from shared.contracts.approval import Approval, ApprovalDecision
from shared.contracts.contract import Contract

router = APIRouter(prefix="/v1/approvals", tags=["approvals"])


class WaitingApprovals(Contract):
    """Approvals that may still be answered, the next to expire first."""

    approvals: list[Approval]


@router.get("", responses=failures())
async def list_waiting(identity: InvestigationReader, services: Services) -> WaitingApprovals:
    """What waits for a person in this tenant."""
    return WaitingApprovals(approvals=await list_waiting_approvals(services.postgres, identity.tenant_id))


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
