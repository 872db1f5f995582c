"""The composition root: joins the domains, each built once a process on first use by its own wiring.py.

Qdrant's, Anthropic's and FastAPI's modules take seconds to import and are imported on first use too: with per-function
scaling most instances need none of them, and a cold start must be short.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING

from shared.access.kill_switch import active_switches
from shared.access.shadow_mode import shadow_covering
from shared.audit.producer import AuditProducer
from shared.audit.service import AuditService
from shared.batch.wiring import Batch
from shared.bus.wiring import Bus
from shared.contracts.incident import SourceIncident
from shared.ctem.wiring import Exposure
from shared.detection.wiring import Detections
from shared.hunting.wiring import Hunting
from shared.incidents.regrouping import Regrouping
from shared.ingestion.wiring import Ingestion
from shared.investigation.agents.agent import Gateway
from shared.investigation.judged_cases import JudgedCases
from shared.investigation.wiring import Investigation
from shared.knowledge.wiring import Knowledge
from shared.notifications.notice import of_action
from shared.notifications.queue import Notifications
from shared.notifications.wiring import notifications
from shared.parsing.service import EntityParserService
from shared.response.stored_actions import StoredAction
from shared.response.wiring import Response
from shared.settings import Settings, settings
from shared.stores.wiring import Stores

if TYPE_CHECKING:
    from fastapi import FastAPI

    from shared.access.tokens import TokenVerifier
    from shared.gateway.batch_gateway import BatchGateway


class Services:
    """Everything that a trigger can call, built when it is first asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stores = Stores(settings)

    @cached_property
    def bus(self) -> Bus:
        """Kafka and the outbox."""
        return Bus(self.settings, self.stores)

    @cached_property
    def ingestion(self) -> Ingestion:
        """The intake of alerts."""
        return Ingestion(
            self.settings,
            self.stores,
            self.bus.producer,
            without_entities=self._without_entities,
            regroup=self._regroup,
        )

    @cached_property
    def parser(self) -> EntityParserService:
        """The entity parser."""
        return EntityParserService(self.bus.producer)

    @cached_property
    def exposures(self) -> Exposure:
        """What scanners find."""
        return Exposure(self.settings, self.stores, self.bus)

    @cached_property
    def knowledge(self) -> Knowledge:
        """What the SOC knows already."""
        return Knowledge(self.stores, self.bus.producer)

    @cached_property
    def response(self) -> Response:
        """What may be done about an alert."""
        return Response(self.settings, self.stores.postgres, self.bus, self._tell)

    @cached_property
    def investigation(self) -> Investigation:
        """Investigations."""
        return Investigation(
            self.settings,
            self.stores,
            self.bus,
            gateway=self._gateway,
            knowledge=self.knowledge,
            hunting=Hunting(self.settings, self.stores),
            response=self.response,
            kill_switches=active_switches,
            in_shadow=shadow_covering,
            notifications=self.notifications,
        )

    @cached_property
    def detections(self) -> Detections:
        """Detections of attacks on machine learning."""
        return Detections(self.stores.postgres, self.bus)

    @cached_property
    def batch(self) -> Batch:
        """What may wait a day."""
        postgres = self.stores.postgres
        return Batch(
            postgres, self.bus.outbox, self.bus.producer, gateway=self._batch_gateway, cases=JudgedCases(postgres)
        )

    @cached_property
    def notifications(self) -> Notifications:
        """Messages to people."""
        return notifications(self.settings.notification, self.stores.postgres)

    @cached_property
    def audit(self) -> AuditService:
        """The audit chain."""
        return AuditService(self.stores.postgres)

    @cached_property
    def tokens(self) -> TokenVerifier:
        """The check of whoever signs in."""
        from shared.access.signing_keys import SigningKeys  # noqa: PLC0415
        from shared.access.tokens import TokenVerifier  # noqa: PLC0415

        oidc = self.settings.oidc
        return TokenVerifier(SigningKeys(oidc.jwks_url), issuer=oidc.issuer, audience=oidc.audience)

    @cached_property
    def api(self) -> FastAPI:
        """The HTTP API."""
        from shared.api.wiring import http_api  # noqa: PLC0415

        return http_api(self.settings, self.stores, self.bus, self.tokens)

    async def submitter(self, authorization: str | None, tenant_id: str) -> str:
        """See submitter_of; alerts without a token need nothing of it."""
        if authorization is None:
            return ""
        from shared.access.submitter import submitter_of  # noqa: PLC0415

        return await submitter_of(self.tokens, authorization, tenant_id)

    async def _without_entities(self, tenant_id: str) -> list[str]:
        """Asks the investigations when a poll runs: an intake without one builds none."""
        return await self.investigation.cases.without_entities(tenant_id)

    async def _regroup(self, grouping: SourceIncident) -> None:
        await Regrouping(self.stores.postgres, self.bus.outbox).from_source(grouping)

    async def _tell(self, action: StoredAction) -> list[str]:
        return await self.notifications.leave(of_action(action.tenant_id, action.investigation_id, action.action_id))

    def _gateway(self) -> Gateway:
        """The only way to a model."""
        from shared.gateway.wiring import context_gateway  # noqa: PLC0415

        audit = AuditProducer(self.stores.postgres, self.bus.outbox, source_service="context-gateway")
        return context_gateway(self.settings, self.stores, audit)

    def _batch_gateway(self) -> BatchGateway:
        from shared.gateway.wiring import batch_gateway  # noqa: PLC0415

        audit = AuditProducer(self.stores.postgres, self.bus.outbox, source_service="batch-scheduler")
        return batch_gateway(self.settings, self.stores, audit)


@cache
def services() -> Services:
    """The process's services. Raises ConfigurationError when a setting is missing or wrong."""
    return Services(settings())
