"""Routes: audit records, evidence packages and chain verification (spec/security-and-audit §5). Exports are audited."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, Field

from shared.access.permissions import permissions_of
from shared.api.failures import failures
from shared.api.guard import AuditReader, refuse_other_tenant
from shared.api.services import Identifier, Services
from shared.audit.ledger import PAGE_LIMIT, RecordFilters
from shared.contracts.audit import AuditRecord, ChainVerification, EvidencePackage
from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.contract import Contract

router = APIRouter(prefix="/v1/audit", tags=["audit"])
BIGINT = 2**63 - 1  # PostgreSQL's largest sequence number


class RecordQuery(Contract):
    """Which records: None means any; ``since`` inclusive, ``until`` exclusive, ``cursor`` from the page before."""

    tenant: str | None = None
    investigation_id: Identifier | None = None
    event_type: Identifier | None = None
    actor_id: Identifier | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    cursor: int | None = Field(default=None, ge=0, le=BIGINT)
    limit: int = Field(default=PAGE_LIMIT, ge=1, le=PAGE_LIMIT)


class RecordList(Contract):
    """Records, newest first; ``next_cursor`` reads on and is null at the end."""

    records: list[AuditRecord]
    next_cursor: int | None


class VerifyRequest(Contract):
    """A stretch of the tenant's chain, by sequence number, both ends included; to the end when ``to`` is left out."""

    tenant: str | None = None
    from_sequence: int = Field(default=0, ge=0, alias="from")
    to_sequence: int | None = Field(default=None, ge=0, alias="to")


@router.get("/events", responses=failures())
async def list_records(
    request: Request, identity: AuditReader, services: Services, query: Annotated[RecordQuery, Query()]
) -> RecordList:
    """The tenant's audit records."""
    await refuse_other_tenant(request, identity, query.tenant)
    filters = RecordFilters(
        investigation_id=query.investigation_id,
        event_type=query.event_type,
        actor_id=query.actor_id,
        since=query.since,
        until=query.until,
    )
    page = await services.audit.records(identity.tenant_id, filters, cursor=query.cursor, limit=query.limit)
    return RecordList(records=page.records, next_cursor=page.next_cursor)


@router.get("/events/{audit_id}", responses=failures(HTTPStatus.NOT_FOUND))
async def read_record(audit_id: Identifier, identity: AuditReader, services: Services) -> AuditRecord:
    """One audit record."""
    return await services.audit.record(identity.tenant_id, audit_id)


@router.get("/evidence-package/{investigation_id}", responses=failures(HTTPStatus.NOT_FOUND))
async def read_evidence_package(
    investigation_id: Identifier, identity: AuditReader, services: Services
) -> EvidencePackage:
    """Everything about one investigation, self-contained."""
    package = await services.audit.evidence_package(identity.tenant_id, investigation_id, generated_by=identity.subject)
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
