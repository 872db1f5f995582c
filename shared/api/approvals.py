"""Routes: what waits for a person, and the person's decision."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, ClassVar, Literal

from fastapi import APIRouter, Query, Request

from shared.access.permissions import permissions_of
from shared.api.failures import failures
from shared.api.guard import AgainAsker, ApprovalDecider, InvestigationReader, refusals_audited
from shared.api.lists import ListQuery, Page, key_text, key_time
from shared.api.services import Identifier, Services
from shared.api.taken_up import TakenUp
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
    request: Request,
    approval_id: Identifier,
    decision: ApprovalDecision,
    identity: ApprovalDecider,
    services: Services,
) -> Approval:
    """Grant some or all of the actions whose hash the caller repeats, or deny them all; what is not granted is denied.

    An action on a protected target is granted only by its position, and by two people: after the first the approval
    stays pending.
    """
    async with refusals_audited(request, identity, f"answer to approval {approval_id}"):
        return await services.approvals.decide(
            identity.tenant_id, approval_id, decision, decided_by=identity.subject, permissions=permissions_of(identity)
        )


@router.post("/{approval_id}/ask-again", responses=failures(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT))
async def ask_again(request: Request, approval_id: Identifier, identity: AgainAsker, services: Services) -> TakenUp:
    """Ask once more about what nobody answered in time. Whoever asks may not grant it."""
    async with refusals_audited(request, identity, f"asking approval {approval_id} again"):
        state = await services.reopening.ask_again(
            identity.tenant_id, approval_id, asked_by=identity.subject, permissions=permissions_of(identity)
        )
    return TakenUp.of(state)
