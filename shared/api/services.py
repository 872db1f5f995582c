"""What the routes need, composed once per process by the caller."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import StringConstraints

from shared.access.kill_switch_panel import KillSwitchPanel
from shared.access.shadow_mode import ShadowModes
from shared.access.tokens import TokenVerifier
from shared.audit.producer import AuditProducer
from shared.audit.service import AuditService
from shared.batch.pattern_review import PatternReview
from shared.batch.status import Batches
from shared.bus.backlog import BacklogReader
from shared.bus.outbox import Outbox
from shared.ctem.decisions import ExposureDecisions
from shared.ctem.exposures import Exposures
from shared.gateway.model_health import ModelHealth
from shared.gateway.spend import SpendGuard
from shared.incidents.regrouping import Regrouping
from shared.incidents.repository import Incidents
from shared.investigation.approvals import Approvals
from shared.investigation.case_file import CaseFiles
from shared.investigation.dispositions import Dispositions
from shared.investigation.judged_cases import JudgedCases
from shared.investigation.reopening import Reopening
from shared.investigation.statistics import CaseCounts
from shared.knowledge.fp_patterns import FPPatterns
from shared.knowledge.indicators import Indicators
from shared.knowledge.library import Library
from shared.notifications.links import CaseLinks
from shared.response.assets import Assets
from shared.response.playbook_drafts import PlaybookDrafts
from shared.response.playbooks import Playbooks
from shared.response.protected import ProtectedAssets
from shared.response.undo import Undo

# PostgreSQL takes no NUL; our longest ids are alert ids.
Identifier = Annotated[str, StringConstraints(pattern=r"^[^\x00]{1,512}$")]
HealthCheck = Callable[[], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiServices:
    """The API's dependencies. A health check returns details, or raises when its dependency is unavailable."""

    cases: CaseFiles
    audit: AuditService
    audit_producer: AuditProducer
    tokens: TokenVerifier
    approvals: Approvals
    undo: Undo
    assets: Assets
    protected: ProtectedAssets
    dispositions: Dispositions
    reopening: Reopening
    judged_cases: JudgedCases
    pattern_review: PatternReview
    batches: Batches
    kill_switches: KillSwitchPanel
    shadow_modes: ShadowModes
    incidents: Incidents
    regrouping: Regrouping
    outbox: Outbox
    playbooks: Playbooks
    playbook_drafts: PlaybookDrafts
    patterns: FPPatterns
    indicators: Indicators
    library: Library
    operator_tenant: str  # whose administrators change what all tenants share; empty: nobody's
    counts: CaseCounts
    backlog: BacklogReader
    model_health: ModelHealth
    spend: SpendGuard
    exposures: Exposures
    exposure_decisions: ExposureDecisions
    health_checks: Mapping[str, HealthCheck]
    links: CaseLinks | None = None


def services_of(request: Request) -> ApiServices:
    """The services of the application that serves this request."""
    found: ApiServices = request.app.state.services
    return found


Services = Annotated[ApiServices, Depends(services_of)]
