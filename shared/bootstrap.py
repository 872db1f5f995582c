"""The composition root: builds every client once a process, on first use.

Qdrant's, Anthropic's and FastAPI's modules take seconds to import and are imported on first use too: with per-function
scaling most instances need none of them, and a cold start must be short.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache, cached_property
from typing import TYPE_CHECKING

from shared.access.kill_switch import KillSwitches
from shared.audit.producer import AuditProducer
from shared.audit.service import AuditService
from shared.bus.outbox import Outbox
from shared.bus.producer import KafkaProducer
from shared.contracts.executor import ExecutorConstraints
from shared.contracts.routing import LLMProvider
from shared.ctem.exposures import Exposures
from shared.ingestion.connector import SentinelConnector
from shared.ingestion.sources import AlertSources
from shared.investigation.agents.agent import Gateway
from shared.investigation.agents.atlas_mapper import ATLASMapperAgent
from shared.investigation.agents.context_enricher import ContextEnricherAgent
from shared.investigation.agents.ctem_correlator import CTEMCorrelatorAgent
from shared.investigation.agents.response import ResponseAgent
from shared.investigation.approvals import Approvals
from shared.investigation.graph import InvestigationGraph
from shared.investigation.intake import InvestigationIntake, LLMJobs
from shared.investigation.precedence import Precedence
from shared.investigation.repository import InvestigationRepository
from shared.investigation.steps.step_context import StepContext
from shared.investigation.waking import wake_current
from shared.knowledge.fp_patterns import FPPatterns
from shared.knowledge.incidents import IncidentMemory
from shared.knowledge.indicators import Indicators
from shared.knowledge.learning import Learning
from shared.knowledge.risk import RiskSignals
from shared.parsing.service import EntityParserService
from shared.response.executor import Executor
from shared.response.playbooks import Playbooks
from shared.routing.degradation import QUEUE_CONCURRENCY
from shared.routing.router import LLMRouter
from shared.settings import Settings, settings
from shared.stores.blob import Blob
from shared.stores.postgres import Postgres
from shared.stores.redis import Redis

if TYPE_CHECKING:
    from fastapi import FastAPI

    from shared.ingestion.late_entities import LateEntities
    from shared.ingestion.log_analytics import LogAnalytics
    from shared.ingestion.polling import SentinelPoller
    from shared.stores.qdrant import Qdrant


# Connections of one process by class of work; together what one instance may take of the server's (docs/scaling.md).
STEP_CONNECTIONS = 6
API_CONNECTIONS = 3
RELAY_CONNECTIONS = 1
API_WAIT_SECONDS = 3.0  # a person waits: better an early 503 with Retry-After


class Services:
    """Everything that a trigger can call, built when it is first asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def _postgres(self, name: str, pool_size: int, *, wait_seconds: float | None = None) -> Postgres:
        url = self.settings.postgres.url.get_secret_value()
        return Postgres(url, name=name, pool_size=pool_size, wait_seconds=wait_seconds)

    @cached_property
    def postgres(self) -> Postgres:
        """PostgreSQL as the application's role, for the steps of investigations and for consumers."""
        return self._postgres("steps", STEP_CONNECTIONS)

    @cached_property
    def postgres_for_api(self) -> Postgres:
        """The same for requests, which a flood of steps must not keep waiting."""
        return self._postgres("the API", API_CONNECTIONS, wait_seconds=API_WAIT_SECONDS)

    @cached_property
    def postgres_for_relay(self) -> Postgres:
        """The same for the outbox: its relay has one short transaction at a time."""
        return self._postgres("the outbox relay", RELAY_CONNECTIONS)

    @cached_property
    def redis(self) -> Redis:
        """Redis."""
        return Redis(self.settings.redis.url.get_secret_value())

    @cached_property
    def qdrant(self) -> Qdrant:
        """Qdrant, server or embedded."""
        from shared.stores.qdrant import Qdrant  # noqa: PLC0415

        key = self.settings.qdrant.api_key
        return Qdrant.connect(
            url=self.settings.qdrant.url,
            path=self.settings.qdrant.path,
            api_key=key.get_secret_value() if key else None,
        )

    @cached_property
    def blob(self) -> Blob:
        """Blob storage."""
        connection = self.settings.blob.connection_string
        return Blob.connect(
            connection_string=connection.get_secret_value() if connection else None,
            account_url=self.settings.blob.account_url,
        )

    @cached_property
    def producer(self) -> KafkaProducer:
        """Kafka."""
        return KafkaProducer(self.settings.kafka.brokers, self.settings.kafka.security)

    @cached_property
    def outbox(self) -> Outbox:
        """Messages that wait for their commit."""
        return Outbox(self.postgres_for_relay, self.producer)

    @cached_property
    def connector(self) -> SentinelConnector:
        """Sentinel's intake."""
        source = self.poller if self.settings.sentinel.mode == "poll" else None
        return SentinelConnector(self.producer, source=source, tenants=self.settings.workspaces)

    @cached_property
    def log_analytics(self) -> LogAnalytics:
        """Log Analytics, as the process's identity."""
        from shared.ingestion.log_analytics import LogAnalytics  # noqa: PLC0415

        return LogAnalytics.connect(self.settings.log_analytics_endpoint)

    @cached_property
    def poller(self) -> SentinelPoller:
        """Sentinel's intake in poll mode."""
        from shared.ingestion.polling import SentinelPoller  # noqa: PLC0415

        return SentinelPoller(self.postgres, self.log_analytics, self.settings.workspaces)

    @cached_property
    def late_entities(self) -> LateEntities:
        """Entities that Sentinel fills in after the alert."""
        from shared.ingestion.late_entities import LateEntities  # noqa: PLC0415

        return LateEntities(self.postgres, self.log_analytics, self.settings.workspaces, self.cases.without_entities)

    @cached_property
    def alert_sources(self) -> AlertSources:
        """The intake of the SIEMs beside Sentinel."""
        return AlertSources(self.producer, self.settings.alert.sources)

    @cached_property
    def parser(self) -> EntityParserService:
        """The entity parser."""
        return EntityParserService(self.producer)

    @cached_property
    def gateway(self) -> Gateway:
        """The only way to a model."""
        from shared.gateway.client import AluskortAnthropicClient  # noqa: PLC0415
        from shared.gateway.gateway import ContextGateway  # noqa: PLC0415
        from shared.gateway.spend import SpendGuard  # noqa: PLC0415

        client = AluskortAnthropicClient.connect(
            api_key=self.settings.anthropic_api_key.get_secret_value(),
            base_url=self.settings.anthropic_base_url,
            provider=self.settings.model.provider,
        )
        spend = SpendGuard(
            self.postgres,
            soft_limit_usd=self.settings.spend.soft_limit_usd,
            hard_limit_usd=self.settings.spend.hard_limit_usd,
        )
        return ContextGateway(
            router=LLMRouter({client.provider: client.breaker}),
            clients=[client],
            spend=spend,
            audit=AuditProducer(self.postgres, self.outbox, source_service="context-gateway"),
        )

    @cached_property
    def api(self) -> FastAPI:
        """The HTTP API."""
        from shared.access.signing_keys import SigningKeys  # noqa: PLC0415
        from shared.access.tokens import TokenVerifier  # noqa: PLC0415
        from shared.api.app import create_app  # noqa: PLC0415
        from shared.api.services import ApiServices  # noqa: PLC0415

        return create_app(
            ApiServices(
                postgres=self.postgres_for_api,
                audit=AuditService(self.postgres_for_api),
                audit_producer=AuditProducer(self.postgres_for_api, self.outbox, source_service="api"),
                tokens=TokenVerifier(
                    SigningKeys(self.settings.oidc.jwks_url),
                    issuer=self.settings.oidc.issuer,
                    audience=self.settings.oidc.audience,
                ),
                approvals=Approvals(self.postgres_for_api, self.outbox, wake_current),
                health_checks={
                    "postgresql": self.postgres_for_api.health,
                    "redis": self.redis.health,
                    "qdrant": self.qdrant.health,
                    "blob": self.blob.health,
                    "kafka": self.producer.health,
                },
            ),
            show_docs=self.settings.model.provider is LLMProvider.SIMULATED,
        )

    @cached_property
    def audit(self) -> AuditService:
        """The audit chain."""
        return AuditService(self.postgres)

    @cached_property
    def indicators(self) -> Indicators:
        """Threat intelligence."""
        return Indicators(self.postgres, self.redis)

    @cached_property
    def incidents(self) -> IncidentMemory:
        """Closed investigations."""
        return IncidentMemory(self.postgres, self.qdrant)

    @cached_property
    def learning(self) -> Learning:
        """The consumer of `knowledge.*`."""
        return Learning(self.producer, indicators=self.indicators, incidents=self.incidents)

    @cached_property
    def approvals(self) -> Approvals:
        """The approval gate."""
        return Approvals(self.postgres, self.outbox, wake_current)

    @cached_property
    def constraints(self) -> ExecutorConstraints:
        """What may happen without a person."""
        return ExecutorConstraints(allowlisted_playbooks=self.settings.allowlisted_playbooks)

    @cached_property
    def executor(self) -> Executor:
        """The executor."""
        return Executor(self.postgres, self.producer, self.constraints)

    @cached_property
    def cases(self) -> InvestigationRepository:
        """Investigations as they are stored."""
        return InvestigationRepository(self.postgres)

    @cached_property
    def graph(self) -> InvestigationGraph:
        """The steps of an investigation."""
        return InvestigationGraph(
            StepContext(
                repository=self.cases,
                outbox=self.outbox,
                approvals=self.approvals,
                gateway=self.gateway,
                indicators=self.indicators,
                patterns=FPPatterns(self.postgres),
                enricher=ContextEnricherAgent(RiskSignals(self.postgres), self.incidents),
                correlator=CTEMCorrelatorAgent(Exposures(self.postgres)),
                mapper=ATLASMapperAgent(),
                responder=ResponseAgent(Playbooks(self.postgres)),
                kill_switches=KillSwitches(self.postgres),
                constraints=self.constraints,
                approval_timeout=timedelta(seconds=self.settings.approval.timeout_seconds),
                llm_wait=timedelta(seconds=self.settings.llm.wait_seconds),
            )
        )

    @cached_property
    def precedence(self) -> Precedence:
        """The order of this process's steps, of which as many run at once as there are connections for them."""
        return Precedence(STEP_CONNECTIONS)

    @cached_property
    def intake(self) -> InvestigationIntake:
        """The consumer of `alerts.normalized`."""
        return InvestigationIntake(self.producer, self.graph)

    @cached_property
    def jobs(self) -> LLMJobs:
        """The consumer of `jobs.llm.priority.*`."""
        return LLMJobs(self.producer, self.graph, concurrency=QUEUE_CONCURRENCY)


@cache
def services() -> Services:
    """The process's services. Raises ConfigurationError when a setting is missing or wrong."""
    return Services(settings())
