"""The context gateway, built from the settings. Import it on first use: the model's client takes seconds to load."""

from __future__ import annotations

import anthropic

from shared.gateway.audit import AuditSink
from shared.gateway.batch_client import AnthropicBatches
from shared.gateway.batch_gateway import BatchGateway
from shared.gateway.client import AluskortAnthropicClient
from shared.gateway.gateway import ContextGateway
from shared.gateway.spend import SpendGuard
from shared.routing.router import LLMRouter
from shared.settings import Settings
from shared.stores.postgres import Postgres


def batch_gateway(settings: Settings, postgres: Postgres, audit: AuditSink) -> BatchGateway:
    """The gateway for what may wait. A process has its own client for it: batches have no circuit breaker."""
    sdk = anthropic.AsyncAnthropic(
        api_key=settings.anthropic_api_key.get_secret_value(), base_url=settings.anthropic_base_url, max_retries=0
    )
    return BatchGateway(AnthropicBatches(sdk), _spend_guard(settings, postgres), audit)


def _spend_guard(settings: Settings, postgres: Postgres) -> SpendGuard:
    return SpendGuard(
        postgres, soft_limit_usd=settings.spend.soft_limit_usd, hard_limit_usd=settings.spend.hard_limit_usd
    )


def context_gateway(settings: Settings, postgres: Postgres, audit: AuditSink) -> ContextGateway:
    """The gateway to the provider of the settings."""
    client = AluskortAnthropicClient.connect(
        api_key=settings.anthropic_api_key.get_secret_value(),
        base_url=settings.anthropic_base_url,
        provider=settings.model.provider,
    )
    spend = _spend_guard(settings, postgres)
    router = LLMRouter({client.provider: client.breaker})
    return ContextGateway(router=router, clients=[client], spend=spend, audit=audit)
