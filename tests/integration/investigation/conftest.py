import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from local.samples.logs import WORKSPACE
from local.services.simulators import Simulators
from shared.access.kill_switch import active_switches
from shared.bus.outbox import Outbox
from shared.bus.producer import MemoryProducer
from shared.contracts.batch import EntityPattern, FPPattern, FPPatternStatus
from shared.contracts.executor import ExecutorConstraints
from shared.contracts.gateway import APICallMetrics, GatewayRequest, GatewayResponse
from shared.contracts.routing import LLMProvider
from shared.ctem.exposures import Exposures
from shared.errors import ModelUnavailable
from shared.gateway.client import AluskortAnthropicClient
from shared.gateway.gateway import ContextGateway
from shared.gateway.spend import SpendGuard
from shared.hunting.hunter import Hunter
from shared.incidents.repository import Incidents
from shared.investigation.agents.atlas_mapper import ATLASMapperAgent
from shared.investigation.agents.context_enricher import ContextEnricherAgent
from shared.investigation.agents.ctem_correlator import CTEMCorrelatorAgent
from shared.investigation.agents.response import ResponseAgent
from shared.investigation.approvals import Approvals
from shared.investigation.asked import AskedActions
from shared.investigation.dispositions import Dispositions
from shared.investigation.graph import InvestigationGraph
from shared.investigation.reopening import Reopening
from shared.investigation.repository import InvestigationRepository
from shared.investigation.steps.step_context import StepContext
from shared.investigation.waking import wake_current
from shared.knowledge.fp_patterns import FPPatterns
from shared.knowledge.incidents import IncidentMemory
from shared.knowledge.indicators import Indicators
from shared.knowledge.risk import RiskSignals
from shared.response.playbook_conditions import PlaybookConditions
from shared.response.playbooks import Playbook, Playbooks
from shared.routing.router import LLMRouter
from shared.stores.log_analytics import LogAnalytics
from shared.stores.postgres import Postgres
from shared.stores.redis import Redis
from tests.conftest import Database
from tests.integration.gateway.harness import Events
from tests.integration.vectors import own_qdrant

NO_IOCS: dict[str, Any] = {
    kind: []
    for kind in (
        "ip_addresses",
        "file_hashes",
        "domains",
        "urls",
        "emails",
        "accounts",
        "registry_keys",
        "processes",
    )
} | {"none_found": True}


@dataclass
class ScriptedGateway:
    """A model that answers what the test wrote down: the simulated one is another room's subject."""

    verdicts: list[dict[str, Any]] = field(default_factory=list)
    requests: list[GatewayRequest] = field(default_factory=list)
    unavailable: bool = False

    async def complete(self, request: GatewayRequest, **_: Any) -> GatewayResponse:
        if self.unavailable:
            raise ModelUnavailable("the test took the model away")
        self.requests.append(request)
        content = NO_IOCS if request.task_type == "ioc_extraction" else self.verdicts.pop(0)
        return GatewayResponse(
            content=json.dumps(content),
            model_id="scripted",
            tokens_used=10,
            valid=True,
            raw_output="",
            metrics=APICallMetrics(model_id="scripted", provider="simulated", cost_usd=0.01),
        )


@pytest.fixture(scope="session")
def own_database(database: Callable[[str], Database]) -> Database:
    return database("investigation_tests")


@pytest.fixture(scope="session")
async def store(own_database: Database) -> AsyncIterator[Postgres]:
    own, owner = Postgres(own_database.url), Postgres(own_database.owner_url)
    for playbook in PLAYBOOKS:
        await Playbooks(owner).store(playbook)
    await owner.close()
    yield own
    await own.close()


PLAYBOOKS = (
    Playbook(
        playbook_id="pb-contain",
        title="Contain a host",
        mitre_techniques=["T1003"],
        actions=["isolate_host", "disable_account", "open_ticket"],
        approved_by="lead",
    ),
    Playbook(
        playbook_id="pb-note",
        title="Note and inform",
        tactics=["reconnaissance"],
        actions=["add_comment", "notify_owner"],
        approved_by="lead",
        conditions=PlaybookConditions(
            products=["Scanner"], rules=["Port scan"], entities=[EntityPattern(type="host", value_regex="ws-[0-9]+")]
        ),
    ),
)


@pytest.fixture
def tenant() -> str:
    return f"tenant-{uuid4().hex[:12]}"


@pytest.fixture
def gateway() -> ScriptedGateway:
    return ScriptedGateway()


class OwnMessages(MemoryProducer):
    """The outbox is everybody's: the relay of this test may find what another left in it."""

    def __init__(self, tenant: str) -> None:
        super().__init__()
        self._tenant = tenant.encode()

    async def publish(self, topic: str, value: bytes, *, key: str, headers: Mapping[str, bytes] | None = None) -> None:
        if self._tenant in value:
            await super().publish(topic, value, key=key, headers=headers)


@pytest.fixture
def bus(tenant: str) -> MemoryProducer:
    return OwnMessages(tenant)


def no_log_analytics() -> LogAnalytics:
    raise AssertionError("a tenant without a workspace was asked about")


@pytest.fixture
async def context(
    store: Postgres, redis_url: str, gateway: ScriptedGateway, bus: MemoryProducer
) -> AsyncIterator[StepContext]:
    redis, qdrant = Redis(redis_url), own_qdrant()
    hunter = Hunter(no_log_analytics, redis, {}, seconds=1)
    outbox = Outbox(store, bus)
    yield StepContext(
        repository=InvestigationRepository(store),
        outbox=outbox,
        approvals=Approvals(store, outbox, wake_current),
        incidents=Incidents(store),
        asked=AskedActions(store),
        gateway=gateway,
        hunter=hunter,
        indicators=Indicators(store, redis),
        patterns=FPPatterns(store),
        enricher=ContextEnricherAgent(RiskSignals(store), IncidentMemory(store, qdrant), hunter),
        correlator=CTEMCorrelatorAgent(Exposures(store)),
        mapper=ATLASMapperAgent(),
        responder=ResponseAgent(Playbooks(store)),
        kill_switches=active_switches,
        constraints=ExecutorConstraints(allowlisted_playbooks=frozenset({"pb-note"})),
        approval_timeout=timedelta(hours=4),
        llm_wait=timedelta(seconds=60),
    )
    await outbox.settled()
    await redis.close()
    await qdrant.close()


@pytest.fixture
async def hunted(
    context: StepContext, store: Postgres, redis_url: str, simulators: Simulators, tenant: str
) -> AsyncIterator[StepContext]:
    """The steps' tools with the samples' workspace as the tenant's."""
    log_analytics, redis = LogAnalytics.connect(simulators.log_analytics_url()), Redis(redis_url)
    qdrant = own_qdrant()
    hunter = Hunter(lambda: log_analytics, redis, {WORKSPACE: tenant}, seconds=20)
    enricher = ContextEnricherAgent(RiskSignals(store), IncidentMemory(store, qdrant), hunter)
    yield replace(context, hunter=hunter, enricher=enricher)
    await log_analytics.close()
    await redis.close()
    await qdrant.close()


@pytest.fixture
async def simulated(hunted: StepContext, store: Postgres, claude_url: str) -> AsyncIterator[StepContext]:
    """The same with the real gateway to the simulated model."""
    client = AluskortAnthropicClient.connect(api_key="simulated", base_url=claude_url, provider=LLMProvider.SIMULATED)
    spend = SpendGuard(store, soft_limit_usd=1_000, hard_limit_usd=1_000)
    router = LLMRouter({client.provider: client.breaker})
    yield replace(hunted, gateway=ContextGateway(router=router, clients=[client], spend=spend, audit=Events()))
    await client.close()


@pytest.fixture
def dispositions(context: StepContext, store: Postgres) -> Dispositions:
    return Dispositions(store, context.outbox, context.approvals)


@pytest.fixture
def reopening(context: StepContext, store: Postgres) -> Reopening:
    return Reopening(store, context.outbox, context.approvals, context.approval_times)


@pytest.fixture
def graph(context: StepContext) -> InvestigationGraph:
    return InvestigationGraph(context)


def approved_pattern(tenant: str, *, confidence: float = 0.97) -> FPPattern:
    now = datetime.now(UTC)
    return FPPattern(
        pattern_id=f"fp-{uuid4().hex[:8]}",
        alert_name="Port scan",
        entity_patterns=[EntityPattern(type="host", value_regex="scanner-[0-9]+")],
        confidence=confidence,
        status=FPPatternStatus.ACTIVE,
        approved_by_1="analyst-a",
        approved_by_2="analyst-b",
        expiry_date=(now + timedelta(days=90)).isoformat(),
        reason="our own scanner",
        scope_tenant_id=tenant,
        created_at=now.isoformat(),
        updated_at=now.isoformat(),
    )


def verdict(
    classification: str, confidence: float, *actions: tuple[str, str], severity: str = "medium"
) -> dict[str, Any]:
    return {
        "classification": classification,
        "confidence": confidence,
        "severity": severity,
        "attack_techniques": [],
        "atlas_techniques": [],
        "reasoning_chain": ["the evidence says so"],
        "why": {"speaks_for": [], "speaks_against": [], "missing": []},
        "recommended_actions": [
            {"action": action, "target": target, "risk": "high", "needs_approval": False} for action, target in actions
        ],
        "requires_human_approval": False,
        "risk_state": "unknown",
    }


def host(name: str) -> dict[str, Any]:
    return {"hosts": [{"entity_type": "host", "primary_value": name}]}
