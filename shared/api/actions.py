"""Routes: undoing an action, and the assets that actions are about."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, ClassVar, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from shared.access.permissions import permissions_of
from shared.api.failures import failures
from shared.api.guard import ApprovalDecider, AssetManager, InvestigationReader
from shared.api.lists import ListQuery, Page, key_text
from shared.api.services import Identifier, Services
from shared.contracts.contract import Contract
from shared.response.assets import AssetFacts, Kind
from shared.response.protected import ProtectedAsset
from shared.response.stored_actions import StoredAction

router = APIRouter(prefix="/v1", tags=["actions"])

Name = Annotated[str, Field(min_length=1, max_length=512, pattern=r"^[^\x00]+$")]


class NamedAsset(Contract):
    """An asset by kind and name."""

    entity_type: Kind
    entity_name: Name


class Protection(NamedAsset):
    """An asset, and why it is protected."""

    reason: Name


class AssetList(Contract):
    """What the asset inventory knows."""

    assets: list[AssetFacts] = Field(min_length=1, max_length=500)


class ProtectedQuery(ListQuery):
    """The list by name."""

    KEY: ClassVar = (key_text, key_text)

    sort: Literal["name"] = "name"


@router.post("/actions/{action_id}/undo", responses=failures(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT))
async def undo(action_id: Identifier, identity: ApprovalDecider, services: Services) -> StoredAction:
    """Have an action undone within the minute; the undo, an action of its own. Asking twice is asking once."""
    return await services.undo.request(
        identity.tenant_id, action_id, by=identity.subject, permissions=permissions_of(identity)
    )


@router.get("/protected-assets", responses=failures())
async def list_protected(
    identity: InvestigationReader, services: Services, query: Annotated[ProtectedQuery, Query()]
) -> Page[ProtectedAsset]:
    """What a person put on the protected list; what the asset facts protect besides is not in it."""
    tenant = identity.tenant_id
    return query.page(tenant, await services.protected.listed(tenant, query.listing(tenant)))


@router.post("/protected-assets", status_code=HTTPStatus.NO_CONTENT, responses=failures(HTTPStatus.BAD_REQUEST))
async def protect(asset: Protection, identity: AssetManager, services: Services) -> None:
    """Put an asset on the list, or change why it is there."""
    await services.protected.add(
        identity.tenant_id,
        asset.entity_type,
        asset.entity_name,
        asset.reason,
        by=identity.subject,
        permissions=permissions_of(identity),
    )


@router.post(
    "/protected-assets/remove",
    status_code=HTTPStatus.NO_CONTENT,
    responses=failures(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND),
)
async def unprotect(asset: NamedAsset, identity: AssetManager, services: Services) -> None:
    """Take an asset off the list."""
    await services.protected.remove(
        identity.tenant_id,
        asset.entity_type,
        asset.entity_name,
        by=identity.subject,
        permissions=permissions_of(identity),
    )


@router.post("/assets", status_code=HTTPStatus.NO_CONTENT, responses=failures(HTTPStatus.BAD_REQUEST))
async def store_assets(body: AssetList, identity: AssetManager, services: Services) -> None:
    """Insert or replace what is known about assets, by kind and name."""
    await services.assets.store(identity.tenant_id, body.assets)
