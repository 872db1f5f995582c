"""Routes: audit records, evidence packages and chain verification (spec/security-and-audit §5). Exports are audited."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, ClassVar, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field

from shared.access.permissions import permissions_of
from shared.api.failures import failures
from shared.api.guard import AuditReader, refuse_other_tenant
from shared.api.lists import ListQuery, Moment, Page, key_number
from shared.api.services import Identifier, Services
from shared.audit.ledger import RecordFilters
from shared.contracts.audit import AuditRecord, ChainVerification, EvidencePackage
from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.contract import Contract

router = APIRouter(prefix="/v1/audit", tags=["audit"])


class RecordQuery(ListQuery):
    """Which records, by sequence number; ``since`` inclusive, ``until`` exclusive, both by the event's time."""

    KEY: ClassVar = (key_number,)

    sort: Literal["-sequence_number", "sequence_number"] = "-sequence_number"
    tenant: str | None = None
    investigation_id: Identifier | None = None
    event_type: Identifier | None = None
    actor_id: Identifier | None = None
    since: Moment | None = None
    until: Moment | None = None


class VerifyRequest(Contract):
    """A stretch of the tenant's chain, by sequence number, both ends included; to the end when ``to`` is left out."""

    tenant: str | None = None
    from_sequence: int = Field(default=0, ge=0, alias="from", strict=True)
    to_sequence: int | None = Field(default=None, ge=0, alias="to", strict=True)


@router.get("/events", responses=failures())
async def list_records(
    request: Request, identity: AuditReader, services: Services, query: Annotated[RecordQuery, Query()]
) -> Page[AuditRecord]:
    """The tenant's audit records, newest first."""
    await refuse_other_tenant(request, identity, query.tenant)
    filters = RecordFilters(
        investigation_id=query.investigation_id,
        event_type=query.event_type,
        actor_id=query.actor_id,
        since=query.since,
        until=query.until,
    )
    part = await services.audit.records(identity.tenant_id, filters, query.listing(identity.tenant_id))
    return query.page(identity.tenant_id, part)


@router.get("/events/{audit_id}", responses=failures(HTTPStatus.NOT_FOUND))
async def read_record(audit_id: Identifier, identity: AuditReader, services: Services) -> AuditRecord:
    """One audit record."""
    return await services.audit.record(identity.tenant_id, audit_id)


@router.get("/evidence-package/{investigation_id}", responses=failures(HTTPStatus.NOT_FOUND))
async def read_evidence_package(
    investigation_id: Identifier, identity: AuditReader, services: Services
) -> EvidencePackage:
    """Everything about one investigation, self-contained."""
    case = await services.cases.read(identity.tenant_id, investigation_id)
    package = await services.audit.evidence_package(identity.tenant_id, case, generated_by=identity.subject)
    await services.audit_producer.emit(
        tenant_id=identity.tenant_id,
        event_type=AuditEventType.AUDIT_EXPORTED,
        actor_id=identity.subject,
        actor_type="human",
        actor_permissions=permissions_of(identity),
        investigation_id=investigation_id,
        context={"package_id": package.package_id, "package_hash": package.package_hash},
        outcome={"status": "success"},
    )
    return package


@router.post("/verify", responses=failures(HTTPStatus.BAD_REQUEST))
async def verify(
    request: Request, identity: AuditReader, services: Services, stretch: VerifyRequest
) -> ChainVerification:
    """Check the tenant's chain now."""
    await refuse_other_tenant(request, identity, stretch.tenant)
    return await services.audit.verify(identity.tenant_id, stretch.from_sequence, stretch.to_sequence)
