"""Routes: playbooks, false-positive patterns and indicators that are in use: read by analysts, changed by people.

Playbooks and indicators belong to all tenants, so the administrators of one tenant change them, the operator's.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, ClassVar, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field

from shared.access.identity import Identity
from shared.access.permissions import permissions_of
from shared.api.failures import failures
from shared.api.guard import InvestigationReader, PatternManager, SharedKnowledgeManager, audit_denial
from shared.api.lists import ListQuery, Page, key_text
from shared.api.services import ApiServices, Identifier, Services
from shared.audit.event import audit_event
from shared.audit.producer import audit_message
from shared.bus.outbox import OutboxMessage
from shared.contracts.audit import ActorType
from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.batch import FPPattern
from shared.contracts.contract import Contract
from shared.contracts.expression import is_readable
from shared.errors import AccessDenied, InvalidInput
from shared.knowledge.indicators import Indicator
from shared.knowledge.library import MOST_FOUND, Found
from shared.response.playbooks import Playbook, PlaybookVersion, updated

router = APIRouter(prefix="/v1", tags=["knowledge"])

_CHANGED = failures(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
Reason = Annotated[str, Field(min_length=1, max_length=512)]


class ById(ListQuery):
    """By id."""

    KEY: ClassVar = (key_text,)

    sort: Literal["id"] = "id"


class ByType(ListQuery):
    """By type and value."""

    KEY: ClassVar = (key_text, key_text)

    sort: Literal["type"] = "type"


class LibraryQuery(Contract):
    """What to look for, and where."""

    shelf: Literal["reports", "playbooks"] = "reports"
    text: str = Field(min_length=1, max_length=2000)
    limit: int = Field(default=5, ge=1, le=MOST_FOUND)


class Retired(Contract):
    """Why something is used no more."""

    reason: Reason


class RetiredIndicator(Retired):
    """Which indicator is forgotten, in all its types, and why."""

    value: str = Field(min_length=1, max_length=2048)


class IndicatorList(Contract):
    """Indicators to be known from now on."""

    indicators: list[Indicator] = Field(min_length=1, max_length=500)


@router.get("/playbooks", responses=failures())
async def list_playbooks(
    identity: InvestigationReader, services: Services, query: Annotated[ById, Query()]
) -> Page[Playbook]:
    """Every playbook, retired ones too."""
    return query.page(identity.tenant_id, await services.playbooks.listed(query.listing(identity.tenant_id)))


@router.get("/playbooks/{playbook_id}", responses=failures(HTTPStatus.NOT_FOUND))
async def read_playbook(playbook_id: Identifier, identity: InvestigationReader, services: Services) -> Playbook:
    """One playbook."""
    return await services.playbooks.read(playbook_id)


@router.get("/playbooks/{playbook_id}/versions", responses=failures())
async def list_playbook_versions(
    playbook_id: Identifier, identity: InvestigationReader, services: Services
) -> Page[PlaybookVersion]:
    """What the playbook said each time that it was stored, the newest first; the newest 50."""
    return Page(items=await services.playbooks.versions(playbook_id), next_cursor=None)


@router.post("/playbooks", responses=_CHANGED)
async def load_playbook(
    request: Request, playbook: Playbook, identity: SharedKnowledgeManager, services: Services
) -> Playbook:
    """Insert or replace a playbook, approved by whoever loads it. What may act alone is a setting of its own."""
    await demand_operator(request, identity, services)
    demand_readable(playbook.conditions.rules if playbook.conditions else [], "playbook.conditions.rules")
    approved = playbook.model_copy(update={"review_status": "approved", "approved_by": identity.subject})
    context = {"setting": "playbooks", "change": "load", "playbook": playbook.model_dump(mode="json")}
    await services.playbooks.store(
        approved, tenant_id=identity.tenant_id, messages=[config_changed(context, identity), updated(approved)]
    )
    services.outbox.notify()
    return approved


@router.post("/playbooks/{playbook_id}/retire", status_code=HTTPStatus.NO_CONTENT, responses=_CHANGED)
async def retire_playbook(
    request: Request, playbook_id: Identifier, why: Retired, identity: SharedKnowledgeManager, services: Services
) -> None:
    """Select a playbook no more."""
    await demand_operator(request, identity, services)
    context = {"setting": "playbooks", "change": "retire", "playbook_id": playbook_id, "reason": why.reason}
    retired = (await services.playbooks.read(playbook_id)).model_copy(update={"review_status": "retired"})
    await services.playbooks.retire(
        playbook_id,
        tenant_id=identity.tenant_id,
        messages=[config_changed(context, identity), updated(retired)],
    )
    services.outbox.notify()


@router.get("/patterns", responses=failures())
async def list_patterns(
    identity: InvestigationReader, services: Services, query: Annotated[ById, Query()]
) -> Page[FPPattern]:
    """The tenant's false-positive patterns, in whatever status."""
    tenant = identity.tenant_id
    return query.page(tenant, await services.patterns.listed(tenant, query.listing(tenant)))


@router.get("/patterns/{pattern_id}", responses=failures(HTTPStatus.NOT_FOUND))
async def read_pattern(pattern_id: Identifier, identity: InvestigationReader, services: Services) -> FPPattern:
    """One pattern."""
    return await services.patterns.read(identity.tenant_id, pattern_id)


@router.post("/patterns", responses=_CHANGED)
async def load_pattern(pattern: FPPattern, identity: PatternManager, services: Services) -> FPPattern:
    """Load a pattern, which is the first approval; the second is another person's, who approves it or loads the very
    same one. Each comes after a backtest. A changed one begins anew; who approved it in the file counts for nothing.
    """
    pattern = pattern.model_copy(update={"scope_tenant_id": identity.tenant_id})
    demand_readable([entity.value_regex for entity in pattern.entity_patterns], "pattern.entity_patterns")
    demand_readable([pattern.alert_name_regex] if pattern.alert_name_regex else [], "pattern.alert_name_regex")
    return await services.pattern_review.load(pattern, identity)


@router.get("/library", responses=failures(HTTPStatus.BAD_REQUEST))
async def search_library(
    identity: InvestigationReader, services: Services, query: Annotated[LibraryQuery, Query()]
) -> Page[Found]:
    """Parts of reports, or playbooks, that are most like a text; the best first, all on one page."""
    found = await services.library.search(query.shelf, query.text, tenant_id=identity.tenant_id, limit=query.limit)
    return Page(items=found, next_cursor=None)


@router.get("/indicators", responses=failures())
async def list_indicators(
    identity: InvestigationReader, services: Services, query: Annotated[ByType, Query()]
) -> Page[Indicator]:
    """Every known indicator."""
    return query.page(identity.tenant_id, await services.indicators.listed(query.listing(identity.tenant_id)))


@router.post("/indicators", status_code=HTTPStatus.NO_CONTENT, responses=_CHANGED)
async def load_indicators(
    request: Request, body: IndicatorList, identity: SharedKnowledgeManager, services: Services
) -> None:
    """Know indicators from now on; the newest word about one wins."""
    await demand_operator(request, identity, services)
    named = [f"{one.type}:{one.value}"[:500] for one in body.indicators[:50]]
    context = {"setting": "indicators", "change": "load", "count": len(body.indicators), "first": named}
    await services.indicators.load(
        body.indicators,
        tenant_id=identity.tenant_id,
        messages=[config_changed(context, identity)],
    )
    services.outbox.notify()


@router.post("/indicators/retire", status_code=HTTPStatus.NO_CONTENT, responses=_CHANGED)
async def retire_indicator(
    request: Request, which: RetiredIndicator, identity: SharedKnowledgeManager, services: Services
) -> None:
    """Forget an indicator."""
    await demand_operator(request, identity, services)
    context = {"setting": "indicators", "change": "retire", "value": which.value[:500], "reason": which.reason}
    await services.indicators.retire(
        which.value, tenant_id=identity.tenant_id, messages=[config_changed(context, identity)]
    )
    services.outbox.notify()


async def demand_operator(request: Request, identity: Identity, services: ApiServices) -> None:
    """Raises AccessDenied, recorded, for administrators of other tenants than the operator's."""
    if identity.tenant_id != services.operator_tenant:
        why = "This belongs to all tenants: administrators of the tenant in ALUSKORT_OPERATOR_TENANT change it."
        await audit_denial(request, identity, "shared knowledge", reason=why)
        raise AccessDenied(why)


def demand_readable(expressions: list[str], where: str) -> None:
    """Raises InvalidInput for the first that RE2 cannot read."""
    for expression in expressions:
        if not is_readable(expression):
            raise InvalidInput(where, got=expression, expected="a regular expression that RE2 can read")


def config_changed(context: dict[str, Any], by: Identity) -> OutboxMessage:
    """The audit event of a change of what all tenants share."""
    event = audit_event(
        tenant_id=by.tenant_id,
        event_type=AuditEventType.CONFIG_CHANGED,
        actor_type=ActorType.SYSTEM if by.is_service else ActorType.HUMAN,
        actor_id=by.subject,
        actor_permissions=permissions_of(by),
        context=context,
        outcome={"outcome_status": "success"},
        source_service="api",
    )
    return audit_message(event)
