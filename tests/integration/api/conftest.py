from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest

from local.services.simulators import Simulators
from shared.access.kill_switch_panel import KillSwitchPanel
from shared.access.shadow_mode import ShadowModes
from shared.access.signing_keys import SigningKeys
from shared.access.tokens import TokenVerifier
from shared.api.app import create_app
from shared.api.services import ApiServices, HealthCheck
from shared.audit.producer import AuditProducer
from shared.audit.service import AuditService
from shared.batch.pattern_review import PatternReview
from shared.batch.status import Batches
from shared.bus.backlog import BacklogReader
from shared.bus.outbox import Outbox
from shared.bus.producer import MemoryProducer
from shared.contracts.audit import AuditEvent
from shared.contracts.routing import LLMProvider
from shared.ctem.decisions import ExposureDecisions
from shared.ctem.exposures import Exposures
from shared.errors import StoreUnavailable
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
from shared.investigation.waking import Waiting
from shared.knowledge.fp_patterns import FPPatterns
from shared.knowledge.indicators import Indicators
from shared.knowledge.library import Library
from shared.response.assets import Assets
from shared.response.live import LiveActions
from shared.response.playbook_drafts import PlaybookDrafts
from shared.response.playbooks import Playbooks
from shared.response.protected import ProtectedAssets
from shared.response.undo import Undo
from shared.settings import KafkaSecurity
from shared.stores.postgres import Postgres
from shared.stores.redis import Redis
from tests.conftest import Database
from tests.integration.vectors import own_qdrant


@pytest.fixture(scope="session")
def own_database(database: Callable[[str], Database]) -> Database:
    return database("api_tests")


@pytest.fixture(scope="session")
def owner_url(own_database: Database) -> str:
    return own_database.owner_url


@pytest.fixture(scope="session")
async def store(own_database: Database) -> AsyncIterator[Postgres]:
    """The product's own connection: no owner, bound by row level security."""
    own = Postgres(own_database.url)
    yield own
    await own.close()


OPERATOR_TENANT = "the-operators"


@dataclass
class Dependency:
    """One dependency's health, up or down as a test says."""

    up: bool = True

    async def health(self) -> dict[str, Any]:
        if not self.up:
            raise StoreUnavailable("Redis", "redis://:secret@10.0.0.9 refused")
        return {"version": "6"}


@dataclass
class Api:
    """The application over real PostgreSQL and the simulated identity provider."""

    services: ApiServices
    bus: MemoryProducer
    outbox: Outbox
    redis: Dependency
    issuer: str
    woken: list[str] = field(default_factory=list)

    async def audited(self) -> list[AuditEvent]:
        """The audit events so far, oldest first."""
        await self.outbox.settled()
        return [AuditEvent.from_json(message.value) for message in self.bus.on("audit.events")]

    def client(self) -> httpx.AsyncClient:
        """Without a token."""
        transport = httpx.ASGITransport(create_app(self.services), raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://aluskort/api")

    async def signed_in(self, *roles: str, tenant: str, subject: str = "casey") -> httpx.AsyncClient:
        """As a person of ``tenant``."""
        request = {"subject": subject, "name": subject.title(), "roles": list(roles), "tenant": tenant}
        async with httpx.AsyncClient() as http:
            answer = await http.post(f"{self.issuer}/token", json=request)
        client = self.client()
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return client


def api_services(
    store: Postgres, cache: Redis, outbox: Outbox, approvals: Approvals, issuer: str, **health: HealthCheck
) -> ApiServices:
    """The API's services over real PostgreSQL; no action is live."""
    return ApiServices(
        cases=CaseFiles(store),
        audit=AuditService(store),
        audit_producer=AuditProducer(store, outbox, source_service="api"),
        tokens=TokenVerifier(SigningKeys(f"{issuer}/jwks"), issuer=issuer, audience="aluskort"),
        approvals=approvals,
        dispositions=Dispositions(store, outbox, approvals),
        reopening=Reopening(store, outbox, approvals, ApprovalTimes(timedelta(hours=4))),
        judged_cases=JudgedCases(store),
        pattern_review=PatternReview(store, outbox, JudgedCases(store)),
        batches=Batches(store),
        undo=Undo(store, outbox, LiveActions(store, outbox, connectors={}, live={})),
        assets=Assets(store),
        protected=ProtectedAssets(store, outbox),
        kill_switches=KillSwitchPanel(store, outbox),
        shadow_modes=ShadowModes(store, outbox),
        incidents=Incidents(store),
        outbox=outbox,
        playbooks=Playbooks(store),
        playbook_drafts=PlaybookDrafts(store),
        patterns=FPPatterns(store),
        indicators=Indicators(store, cache),
        library=Library(own_qdrant()),
        operator_tenant=OPERATOR_TENANT,
        counts=CaseCounts(store),
        backlog=BacklogReader(store, "127.0.0.1:1", KafkaSecurity.PLAINTEXT),
        model_health=ModelHealth(
            LLMProvider.SIMULATED,
            api_key="simulated",
            base_url=issuer.removesuffix("/identity") + "/claude",
            board=BreakerBoard(cache),
        ),
        spend=SpendGuard(store, soft_limit_usd=500, hard_limit_usd=1000),
        regrouping=Regrouping(store, outbox),
        exposures=Exposures(store),
        exposure_decisions=ExposureDecisions(store, outbox),
        health_checks={"postgresql": store.health, **health},
    )


@pytest.fixture
async def api(store: Postgres, redis_url: str, simulators: Simulators) -> AsyncIterator[Api]:
    bus = MemoryProducer()
    redis = Dependency()
    woken: list[str] = []

    async def wake(case: Waiting) -> None:
        woken.append(case.orchestration_id)

    issuer = simulators.issuer()
    outbox = Outbox(store, bus)
    cache = Redis(redis_url)
    services = api_services(store, cache, outbox, Approvals(store, outbox, wake), issuer, redis=redis.health)
    yield Api(services, bus, outbox, redis, issuer, woken)
    outbox.notify()  # what a test left in the outbox is not for the next one
    await outbox.settled()  # a relay publishes for everybody, also for the next test
    await cache.close()
