"""Routes: drafts of playbooks, what each would change, and what people decide about them.

Playbooks belong to all tenants, so a draft is approved by an administrator of the operator's tenant.
"""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Request

from shared.api.failures import failures
from shared.api.guard import DraftReviewer, InvestigationReader, SharedKnowledgeManager
from shared.api.knowledge import Retired, config_changed, demand_operator, demand_readable
from shared.api.lists import Page
from shared.api.services import Identifier, Services
from shared.contracts.batch import PlaybookDraft
from shared.response.playbook_drafts import Difference, PlaybookTerms
from shared.response.playbooks import Playbook, updated

router = APIRouter(prefix="/v1/playbook-drafts", tags=["knowledge"])

_DECIDED = failures(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND)


@router.get("", responses=failures())
async def list_playbook_drafts(identity: InvestigationReader, services: Services) -> Page[PlaybookDraft]:
    """Drafts that wait for people, the oldest first; all on one page."""
    return Page(items=await services.playbook_drafts.listed(identity.tenant_id), next_cursor=None)


@router.post("/{playbook_id}/diff", responses=_DECIDED)
async def compare_playbook_draft(
    playbook_id: Identifier, terms: PlaybookTerms, identity: InvestigationReader, services: Services
) -> Page[Difference]:
    """What approving the draft with these terms would change; it changes nothing."""
    found = await services.playbook_drafts.differences(identity.tenant_id, playbook_id, terms)
    return Page(items=found, next_cursor=None)


@router.post("/{playbook_id}/approve", responses=_DECIDED)
async def approve_playbook_draft(
    request: Request,
    playbook_id: Identifier,
    terms: PlaybookTerms,
    identity: SharedKnowledgeManager,
    services: Services,
) -> Playbook:
    """Use a draft as a playbook. It acts alone only with conditions, and as the deployment's settings allow."""
    await demand_operator(request, identity, services)
    demand_readable(terms.conditions.rules if terms.conditions else [], "terms.conditions.rules")
    approving = services.playbook_drafts.approving(identity.tenant_id, playbook_id, terms, by=identity.subject)
    async with approving as (playbook, messages):
        context = {"setting": "playbooks", "change": "approve", "draft": playbook_id}
        whole = {"playbook": playbook.model_dump(mode="json")}
        messages += [config_changed(context | whole, identity), updated(playbook)]
    services.outbox.notify()
    return playbook


@router.post("/{playbook_id}/reject", status_code=HTTPStatus.NO_CONTENT, responses=_DECIDED)
async def reject_playbook_draft(
    playbook_id: Identifier, why: Retired, identity: DraftReviewer, services: Services
) -> None:
    """Put a draft aside."""
    context = {"setting": "playbooks", "change": "reject", "draft": playbook_id, "reason": why.reason}
    messages = [config_changed(context, identity)]
    await services.playbook_drafts.reject(
        identity.tenant_id, playbook_id, by=identity.subject, reason=why.reason, messages=messages
    )
    services.outbox.notify()
