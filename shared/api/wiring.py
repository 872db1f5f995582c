"""The HTTP API, built from the settings. Import it on first use: FastAPI takes seconds to load."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI

from shared.access.kill_switch_panel import KillSwitchPanel
from shared.access.shadow_mode import ShadowModes
from shared.access.tokens import TokenVerifier
from shared.api.app import create_app
from shared.api.health import MODEL
from shared.api.services import ApiServices
from shared.audit.producer import AuditProducer
from shared.audit.service import AuditService
from shared.batch.pattern_review import PatternReview
from shared.batch.status import Batches
from shared.bus.backlog import BacklogReader
from shared.bus.wiring import Bus
from shared.ctem.decisions import ExposureDecisions
from shared.ctem.exposures import Exposures
from shared.gateway.breaker_board import BreakerBoard
from shared.gateway.model_health import ModelHealth
from shared.gateway.spend import SpendGuard
from shared.incidents.regrouping import Regrouping
from shared.incidents.repository import Incidents
from shared.investigation.approval_request import ApprovalTimes
from shared.investigation.approvals import Approvals
from shared.investigation.case_file import CaseFiles
from shared.investigation.dispositions import Dispositions
from shared.investigation.judged_cases import JudgedCases
from shared.investigation.reopening import Reopening
from shared.investigation.statistics import CaseCounts
from shared.investigation.waking import wake_current
from shared.knowledge.fp_patterns import FPPatterns
from shared.knowledge.indicators import Indicators
from shared.knowledge.library import Library
from shared.notifications.wiring import case_links
from shared.response.wiring import Response
from shared.settings import Settings
from shared.stores.wiring import Stores


def http_api(settings: Settings, stores: Stores, bus: Bus, tokens: TokenVerifier) -> FastAPI:
    """The application on its own connections, so that a flood of steps keeps no person waiting."""
    postgres = stores.postgres_for_api
    approvals = Approvals(postgres, bus.outbox, wake_current)
    times = ApprovalTimes(settings.approval.timeout, settings.approval.timeouts)
    response = Response(settings, postgres, bus)
    model_health = ModelHealth(
        settings.model.provider,
        api_key=settings.anthropic_api_key.get_secret_value(),
        base_url=settings.anthropic_base_url,
        board=BreakerBoard(stores.redis),
    )
    cases = JudgedCases(postgres)
    services = ApiServices(
        cases=CaseFiles(postgres),
        audit=AuditService(postgres),
        audit_producer=AuditProducer(postgres, bus.outbox, source_service="api"),
        tokens=tokens,
        approvals=approvals,
        dispositions=Dispositions(postgres, bus.outbox, approvals),
        reopening=Reopening(postgres, bus.outbox, approvals, times),
        judged_cases=cases,
        pattern_review=PatternReview(postgres, bus.outbox, cases),
        batches=Batches(postgres),
        links=case_links(settings.notification),
        undo=response.undo,
        assets=response.assets,
        protected=response.protected,
        kill_switches=KillSwitchPanel(postgres, bus.outbox),
        shadow_modes=ShadowModes(postgres, bus.outbox),
        incidents=Incidents(postgres),
        regrouping=Regrouping(postgres, bus.outbox),
        outbox=bus.outbox,
        playbooks=response.playbooks,
        playbook_drafts=response.playbook_drafts,
        patterns=FPPatterns(postgres),
        indicators=Indicators(postgres, stores.redis),
        library=Library(stores.qdrant),
        operator_tenant=settings.operator_tenant,
        counts=CaseCounts(postgres),
        backlog=BacklogReader(postgres, settings.kafka.brokers, settings.kafka.security),
        model_health=model_health,
        spend=SpendGuard.within(settings.spend, postgres),
        exposures=Exposures(postgres),
        exposure_decisions=ExposureDecisions(postgres, bus.outbox),
        health_checks={
            "postgresql": postgres.health,
            "redis": stores.redis.health,
            "qdrant": stores.qdrant.health,
            "blob": stores.blob.health,
            "kafka": bus.producer.health,
            MODEL: model_health.check,
        },
    )
    swagger = Path(settings.swagger_ui) if settings.swagger_ui else None
    return create_app(services, issuer=settings.oidc.issuer, swagger=swagger)
