"""Routes: shadow mode, read by every analyst and changed by admins."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from shared.api.failures import failures
from shared.api.guard import InvestigationReader, ShadowModeSetter
from shared.api.lists import Moment, Page
from shared.api.services import Services
from shared.contracts.contract import Contract
from shared.contracts.shadow_mode import ShadowAgreement, ShadowMode, ShadowModeChange

router = APIRouter(prefix="/v1/shadow-modes", tags=["shadow mode"])


@router.get("", responses=failures())
async def list_all(identity: InvestigationReader, services: Services) -> Page[ShadowMode]:
    """What of the tenant is in shadow mode; all on one page."""
    return Page(items=await services.shadow_modes.listed(identity.tenant_id), next_cursor=None)


class AgreementQuery(Contract):
    """Cases that were opened since then; all of them when it is left out."""

    since: Moment | None = None


@router.get("/agreement", responses=failures())
async def agreement(
    identity: InvestigationReader, services: Services, query: Annotated[AgreementQuery, Query()]
) -> Page[ShadowAgreement]:
    """What people made of the cases that were judged in shadow mode: of the tenant (rule ``""``) and of each rule."""
    items = await services.cases.shadow_agreement(identity.tenant_id, since=query.since)
    return Page(items=items, next_cursor=None)


@router.post("", status_code=HTTPStatus.NO_CONTENT, responses=failures(HTTPStatus.BAD_REQUEST))
async def enter(change: ShadowModeChange, identity: ShadowModeSetter, services: Services) -> None:
    """Judge the covered cases and let people decide all of them."""
    await services.shadow_modes.enter(change, identity)


@router.post(
    "/go-live",
    status_code=HTTPStatus.NO_CONTENT,
    responses=failures(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND),
)
async def go_live(change: ShadowModeChange, identity: ShadowModeSetter, services: Services) -> None:
    """End shadow mode; the reason is audited as the sign-off."""
    await services.shadow_modes.leave(change, identity)
