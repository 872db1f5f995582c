"""The guard on every route: a bearer token (RFC 6750), one permission, one tenant. Denials are audited.

A route without ``Permits`` is a defect, except health and the front page; a test walks the route table.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from shared.access.identity import Identity
from shared.access.permissions import Permission, is_permitted, permissions_of, refusal
from shared.access.tokens import TokenError, TokenRejected
from shared.api.services import services_of
from shared.contracts.audit_event_type import AuditEventType
from shared.errors import AccessDenied, Conflict, InvalidInput


@dataclass(frozen=True, slots=True)
class Permits:
    """A dependency that lets through who has the permission. Raises TokenRejected, AccessDenied."""

    permission: Permission

    async def __call__(self, request: Request) -> Identity:
        """The signed-in person."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise TokenRejected(TokenError.MALFORMED, "The request carries no bearer token.")
        identity = await services_of(request).tokens.verify(token.strip())
        await demand(request, identity, self.permission)
        return identity


async def demand(request: Request, identity: Identity, permission: Permission) -> None:
    """Go on if whoever signed in has the permission. Raises AccessDenied, recorded."""
    if not is_permitted(identity, permission):
        why = refusal(identity, permission)
        await audit_denial(request, identity, permission, reason=why)
        raise AccessDenied(why)


@asynccontextmanager
async def refusals_audited(request: Request, identity: Identity, wanted: str) -> AsyncIterator[None]:
    """Records what is refused inside for what was asked rather than for who asked: late, twice, for other actions."""
    try:
        yield
    except (AccessDenied, Conflict, InvalidInput) as error:
        await audit_denial(request, identity, wanted, reason=str(error))
        raise


async def refuse_other_tenant(request: Request, identity: Identity, tenant: str | None) -> None:
    """The token's tenant is the authority: a request that names another one is denied. Raises AccessDenied."""
    if tenant is not None and tenant != identity.tenant_id:
        why = "Your token is for another tenant than the one you ask for."
        await audit_denial(request, identity, "another tenant", reason=why)
        raise AccessDenied(why)


async def audit_denial(request: Request, identity: Identity, wanted: str, *, reason: str) -> None:
    """Record ``access.denied``. The path is the caller's text and is cut."""
    await services_of(request).audit_producer.emit(
        tenant_id=identity.tenant_id,
        event_type=AuditEventType.ACCESS_DENIED,
        actor_id=identity.subject,
        actor_type="system" if identity.is_service else "human",
        actor_permissions=permissions_of(identity),
        severity="warning",
        context={"method": request.method, "path": request.url.path[:256], "wanted": wanted, "reason": reason},
        outcome={"status": "blocked_by_guardrail"},
    )


InvestigationReader = Annotated[Identity, Depends(Permits(Permission.READ_INVESTIGATIONS))]
ApprovalDecider = Annotated[Identity, Depends(Permits(Permission.DECIDE_APPROVALS))]
AssetManager = Annotated[Identity, Depends(Permits(Permission.MANAGE_ASSETS))]
AgainAsker = Annotated[Identity, Depends(Permits(Permission.ASK_APPROVALS_AGAIN))]
CaseEscalator = Annotated[Identity, Depends(Permits(Permission.ESCALATE_CASES))]
CaseReopener = Annotated[Identity, Depends(Permits(Permission.REOPEN_CASES))]
ShadowModeSetter = Annotated[Identity, Depends(Permits(Permission.SET_SHADOW_MODES))]
KillSwitchSetter = Annotated[Identity, Depends(Permits(Permission.SET_KILL_SWITCHES))]
ExposureDecider = Annotated[Identity, Depends(Permits(Permission.DECIDE_EXPOSURES))]
IncidentChanger = Annotated[Identity, Depends(Permits(Permission.CHANGE_INCIDENTS))]
PatternManager = Annotated[Identity, Depends(Permits(Permission.MANAGE_PATTERNS))]
SharedKnowledgeManager = Annotated[Identity, Depends(Permits(Permission.MANAGE_SHARED_KNOWLEDGE))]
MetricsReader = Annotated[Identity, Depends(Permits(Permission.READ_METRICS))]
DraftReviewer = Annotated[Identity, Depends(Permits(Permission.REVIEW_DRAFTS))]
AuditReader = Annotated[Identity, Depends(Permits(Permission.READ_AUDIT))]
