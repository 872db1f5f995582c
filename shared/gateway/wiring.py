"""The context gateway, built from the settings. Import it on first use: the model's client takes seconds to load."""

from __future__ import annotations

import anthropic

from shared.gateway.audit import AuditSink
from shared.gateway.batch_client import AnthropicBatches
from shared.gateway.batch_gateway import BatchGateway
from shared.gateway.breaker_board import BreakerBoard
from shared.gateway.client import AluskortAnthropicClient
from shared.gateway.gateway import ContextGateway
from shared.gateway.spend import SpendGuard
from shared.routing.router import LLMRouter
from shared.settings import Settings
from shared.stores.wiring import Stores


def batch_gateway(settings: Settings, stores: Stores, audit: AuditSink) -> BatchGateway:
    """The gateway for what may wait. A process has its own client for it: batches have no circuit breaker."""
    sdk = anthropic.AsyncAnthropic(
        api_key=settings.anthropic_api_key.get_secret_value(), base_url=settings.anthropic_base_url, max_retries=0
    )
    return BatchGateway(AnthropicBatches(sdk), SpendGuard.within(settings.spend, stores.postgres), audit)


def context_gateway(settings: Settings, stores: Stores, audit: AuditSink) -> ContextGateway:
    """The gateway to the provider of the settings."""
    client = AluskortAnthropicClient.connect(
        api_key=settings.anthropic_api_key.get_secret_value(),
        base_url=settings.anthropic_base_url,
        provider=settings.model.provider,
    )
    spend = SpendGuard.within(settings.spend, stores.postgres)
    router = LLMRouter({client.provider: client.breaker})
    return ContextGateway(router=router, clients=[client], spend=spend, audit=audit, board=BreakerBoard(stores.redis))
