"""The HTTP API, built from the settings. Import it on first use: FastAPI takes seconds to load."""

from __future__ import annotations

from fastapi import FastAPI

from shared.access.kill_switch_panel import KillSwitchPanel
from shared.access.signing_keys import SigningKeys
from shared.access.tokens import TokenVerifier
from shared.api.app import create_app
from shared.api.services import ApiServices
from shared.audit.producer import AuditProducer
from shared.audit.service import AuditService
from shared.bus.wiring import Bus
from shared.contracts.routing import LLMProvider
from shared.investigation.approvals import Approvals
from shared.investigation.case_file import CaseFiles
from shared.investigation.waking import wake_current
from shared.settings import Settings
from shared.stores.wiring import Stores


def http_api(settings: Settings, stores: Stores, bus: Bus) -> FastAPI:
    """The application on its own connections, so that a flood of steps keeps no person waiting."""
    postgres, oidc = stores.postgres_for_api, settings.oidc
    services = ApiServices(
        cases=CaseFiles(postgres),
        audit=AuditService(postgres),
        audit_producer=AuditProducer(postgres, bus.outbox, source_service="api"),
        tokens=TokenVerifier(SigningKeys(oidc.jwks_url), issuer=oidc.issuer, audience=oidc.audience),
        approvals=Approvals(postgres, bus.outbox, wake_current),
        kill_switches=KillSwitchPanel(postgres, bus.outbox),
        health_checks={
            "postgresql": postgres.health,
            "redis": stores.redis.health,
            "qdrant": stores.qdrant.health,
            "blob": stores.blob.health,
            "kafka": bus.producer.health,
        },
    )
    return create_app(services, show_docs=settings.model.provider is LLMProvider.SIMULATED)
