"""Routes: drafts of false-positive patterns, their backtest, approval and revocation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from fastapi import APIRouter, Request
from pydantic import Field

from shared.access.permissions import permissions_of
from shared.api.failures import failures
from shared.api.guard import DraftReviewer, InvestigationReader, refusals_audited
from shared.api.lists import Page
from shared.api.services import Identifier, Services
from shared.contracts.batch import FPPattern
from shared.contracts.contract import Contract
from shared.errors import Conflict

REOPENED = timedelta(hours=24)

router = APIRouter(prefix="/v1/pattern-drafts", tags=["patterns"])


class Reason(Contract):
    """Why, for the audit chain."""

    reason: str = Field(min_length=3, max_length=2048, pattern=r"^[^\x00]*$")


class BacktestResult(Contract):
    """What the pattern would have closed in 90 days; ``blocked`` says why it may not be approved."""

    alerts: int
    matched: int
    attacks: list[str]
    unjudged: int
    blocked: str


class Revoked(Contract):
    """The pattern, and the cases of the last 24 hours that it had closed and that people decide now."""

    pattern: FPPattern
    reopened: list[str]


@router.get("", responses=failures())
async def list_drafts(identity: InvestigationReader, services: Services) -> Page[FPPattern]:
    """Drafts that wait for people, the oldest first; all on one page."""
    return Page(items=await services.pattern_review.drafts(identity.tenant_id), next_cursor=None)


@router.get("/{pattern_id}/backtest", responses=failures(HTTPStatus.NOT_FOUND))
async def backtest(pattern_id: Identifier, identity: InvestigationReader, services: Services) -> BacktestResult:
    """Run a pattern over the tenant's history."""
    found = await services.pattern_review.backtest(identity.tenant_id, pattern_id)
    return BacktestResult(
        alerts=found.alerts,
        matched=found.matched,
        attacks=list(found.attacks),
        unjudged=found.unjudged,
        blocked=found.blocked,
    )


@router.post("/{pattern_id}/approve", responses=failures(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT))
async def approve(request: Request, pattern_id: Identifier, identity: DraftReviewer, services: Services) -> FPPattern:
    """Approve a draft. Two different people must; with the second it is in force."""
    async with refusals_audited(request, identity, f"approval of pattern {pattern_id}"):
        return await services.pattern_review.approve(pattern_id, identity)


@router.post(
    "/{pattern_id}/reject",
    status_code=HTTPStatus.NO_CONTENT,
    responses=failures(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
)
async def reject(pattern_id: Identifier, why: Reason, identity: DraftReviewer, services: Services) -> None:
    """Put a draft aside."""
    await services.pattern_review.reject(pattern_id, why.reason, identity)


@router.post(
    "/{pattern_id}/revoke", responses=failures(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
)
async def revoke(pattern_id: Identifier, why: Reason, identity: DraftReviewer, services: Services) -> Revoked:
    """Take a pattern out of force and reopen what it closed in the last 24 hours. Repeat it if it was interrupted."""
    pattern = await services.pattern_review.revoke(pattern_id, why.reason, identity)
    since = datetime.now(UTC) - REOPENED
    reopened = []
    for case in await services.judged_cases.closed_by_pattern(identity.tenant_id, pattern_id, since=since):
        try:
            await services.reopening.reopen(
                identity.tenant_id,
                case,
                comment=f"pattern {pattern_id} was revoked: {why.reason}",
                reopened_by=identity.subject,
                permissions=permissions_of(identity),
            )
        except Conflict:
            continue  # somebody took it up meanwhile
        reopened.append(case)
    return Revoked(pattern=pattern, reopened=reopened)
