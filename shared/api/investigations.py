"""Routes: investigations, and what a person makes of them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, ClassVar, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field

from shared.access.identity import Identity
from shared.access.permissions import Permission, permissions_of
from shared.api.failures import failures
from shared.api.guard import CaseEscalator, CaseReopener, InvestigationReader, demand, refusals_audited
from shared.api.lists import ListQuery, Page, key_text, key_time
from shared.api.services import ApiServices, Identifier, Services
from shared.api.taken_up import TakenUp
from shared.contracts.alert import SeverityLevel
from shared.contracts.approval import Approval
from shared.contracts.case_file import CaseFile, InvestigationSummary
from shared.contracts.contract import Contract
from shared.contracts.disposition import Disposition, DispositionName, DispositionRequest
from shared.contracts.investigation import GraphState, InvestigationState
from shared.errors import InvalidInput

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
    dispositions: list[Disposition]  # type: ignore[assignment]  # the same, read


class LinkQuery(Contract):
    """The signed part of a link from a message; ``expires`` is in Unix seconds."""

    expires: int = Field(default=0, ge=0, le=2**53)
    signature: str = Field(default="", max_length=64)


class Reopened(Contract):
    """Why a case is taken up again."""

    comment: str = Field(default="", max_length=2048)


@router.get("", responses=failures())
async def list_all(
    identity: InvestigationReader, services: Services, query: Annotated[InvestigationQuery, Query()]
) -> Page[InvestigationSummary]:
    """The tenant's investigations, newest first."""
    tenant = identity.tenant_id
    part = await services.cases.cases(tenant, query.listing(tenant), state=query.state, severity=query.severity)
    return query.page(tenant, part)


@router.get("/{investigation_id}", responses=failures(HTTPStatus.NOT_FOUND))
async def read(
    investigation_id: Identifier,
    identity: InvestigationReader,
    services: Services,
    link: Annotated[LinkQuery, Query()],
) -> InvestigationDetail:
    """One investigation: state, decision chain, transitions, approvals, actions. Whoever comes by a link from a message
    hands its two parts on, and a link that is not ours or is too old opens nothing.
    """
    if link.signature or link.expires:
        _check_link(services, identity, investigation_id, link)
    case = await services.cases.read(identity.tenant_id, investigation_id)
    alert = {name: value for name, value in case.alert.items() if name not in RAW}
    return InvestigationDetail.from_stored(
        {**dict(case), "alert": alert}, where=f"investigation_state {investigation_id}"
    )


def _check_link(services: ApiServices, identity: Identity, investigation_id: str, link: LinkQuery) -> None:
    if services.links is None:
        raise InvalidInput("signature", got="a link", expected="none: this product sends no messages with links")
    services.links.check(
        tenant_id=identity.tenant_id,
        investigation_id=investigation_id,
        expires=link.expires,
        signature=link.signature,
    )


_OF_A_CHANGE = failures(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)


@router.post("/{investigation_id}/disposition", responses=_OF_A_CHANGE)
async def dispose(
    request: Request,
    investigation_id: Identifier,
    said: DispositionRequest,
    identity: CaseEscalator,
    services: Services,
) -> Disposition:
    """Say what a case with nothing to approve was, which closes it; correct what was said of a closed one; or pass it
    on to the next reviewer, which every analyst may.
    """
    if said.disposition is not DispositionName.ESCALATE:
        await demand(request, identity, Permission.DISPOSE_CASES)
    async with refusals_audited(request, identity, f"disposition of investigation {investigation_id}"):
        return await services.dispositions.record(
            identity.tenant_id,
            investigation_id,
            said,
            decided_by=identity.subject,
            permissions=permissions_of(identity),
        )


@router.post("/{investigation_id}/reopen", responses=_OF_A_CHANGE)
async def reopen(
    request: Request, investigation_id: Identifier, why: Reopened, identity: CaseReopener, services: Services
) -> TakenUp:
    """Put a case that has ended back to a person, who is asked for a new disposition. No model is asked."""
    async with refusals_audited(request, identity, f"reopening of investigation {investigation_id}"):
        state = await services.reopening.reopen(
            identity.tenant_id,
            investigation_id,
            comment=why.comment,
            reopened_by=identity.subject,
            permissions=permissions_of(identity),
        )
    return TakenUp.of(state)
