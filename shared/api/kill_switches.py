"""Routes: kill switches, read by every analyst and changed by admins."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter

from shared.api.failures import failures
from shared.api.guard import InvestigationReader, KillSwitchSetter
from shared.api.lists import Page
from shared.api.services import Services
from shared.contracts.kill_switch import KillSwitch, KillSwitchChange

router = APIRouter(prefix="/v1/kill-switches", tags=["kill switches"])


@router.get("", responses=failures())
async def list_active(identity: InvestigationReader, services: Services) -> Page[KillSwitch]:
    """The tenant's switches that are on, the newest first; all on one page."""
    return Page(items=await services.kill_switches.active(identity.tenant_id), next_cursor=None)


@router.post("", responses=failures(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND))
async def activate(change: KillSwitchChange, identity: KillSwitchSetter, services: Services) -> KillSwitch:
    """Turn a switch on: from now on nothing that it covers closes or acts by itself."""
    return await services.kill_switches.activate(change, identity)


@router.post(
    "/deactivate",
    status_code=HTTPStatus.NO_CONTENT,
    responses=failures(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND),
)
async def deactivate(change: KillSwitchChange, identity: KillSwitchSetter, services: Services) -> None:
    """Turn a switch off; the reason is audited."""
    await services.kill_switches.deactivate(change, identity)
