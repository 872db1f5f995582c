"""One answer from one of the models: spend held before each call and settled after it, failover between providers.

Raises ModelUnavailable when no provider answers; the queue that carries the job owns waiting.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from shared.contracts.gateway import APICallMetrics, GatewayRequest
from shared.contracts.routing import ModelConfig, RoutingDecision
from shared.errors import AluskortError, ModelUnavailable, StoreUnavailable
from shared.gateway.audit import RequestAudit
from shared.gateway.breaker_board import BreakerBoard
from shared.gateway.call_failed import CallFailed
from shared.gateway.client import MAX_ATTEMPTS, AluskortAnthropicClient, CallOptions, Reply
from shared.gateway.health import ProviderHealth
from shared.gateway.prompt import Prompt
from shared.gateway.spend import Reservation, SpendGuard
from shared.routing.models import TIERS, Usage, cost_usd, worst_case_usd

log = logging.getLogger(__name__)


class SpendDenied(AluskortError):
    """The month's hard limit leaves no room for a call, which was not made. Never leaves the gateway."""


@dataclass
class Question:
    """One request on its way: what was decided for it, and what its calls have used so far."""

    request: GatewayRequest
    audit: RequestAudit
    decision: RoutingDecision
    prompt_tokens: int  # more than the prompt has, for the worst case
    budget_seconds: float
    held: Reservation | None = None
    usage: Usage = field(default_factory=Usage)
    cost: Decimal = Decimal(0)
    latency_ms: float = 0.0
    answered_by: ModelConfig | None = None

    def worst_case(self, max_tokens: int) -> Decimal:
        """USD that one attempt can cost."""
        return worst_case_usd(self.decision.tier, prompt_tokens=self.prompt_tokens, max_tokens=max_tokens)

    def metrics(self) -> APICallMetrics | None:
        """All calls of this request together; None when no model answered."""
        if self.answered_by is None:
            return None
        return APICallMetrics(
            model_id=self.answered_by.model_id,
            provider=self.answered_by.provider.value,
            input_tokens=self.usage.input_tokens,
            output_tokens=self.usage.output_tokens,
            cache_read_tokens=self.usage.cache_read_tokens,
            cache_write_tokens=self.usage.cache_write_tokens,
            cost_usd=float(self.cost),
            latency_ms=self.latency_ms,
        )


class ModelCaller:
    """Asks the models of a routing decision, in its order."""

    def __init__(
        self, clients: Iterable[AluskortAnthropicClient], spend: SpendGuard, board: BreakerBoard | None = None
    ) -> None:
        self._clients = {client.provider: client for client in clients}
        self._primary = next(iter(self._clients))
        self._spend = spend
        self._health = ProviderHealth(
            {provider: client.breaker for provider, client in self._clients.items()}, board=board
        )

    async def hold(self, question: Question, *, max_tokens: int) -> None:
        """Hold the worst case of one call, every attempt of it. Raises SpendDenied, or StoreUnavailable."""
        # An attempt that timed out may be billed as well as the one that answers.
        worst = MAX_ATTEMPTS * question.worst_case(max_tokens)
        request = question.request
        question.held = await self._spend.reserve(
            worst, tenant_id=request.tenant_id, task_type=request.task_type, tier=question.decision.tier
        )
        if question.held is None:
            limit, total = self._spend.hard_limit_usd, await self._spend.total_usd()
            await question.audit.hard_limit_reached(limit=limit, total=total, asked=worst)
            raise SpendDenied(f"{total} of {limit} USD are spent or held this month; {worst} USD more do not fit")

    async def release(self, question: Question, spent: Decimal = Decimal(0)) -> None:
        """Settle what is held. When the ledger is unavailable it stays held in full: too much, never too little."""
        held, question.held = question.held, None
        if held is None:
            return
        try:
            passed = await self._spend.settle(held, spent)
        except StoreUnavailable as error:
            log.warning("Call %s stays in the spend ledger with its worst case: %s", held.call_id, error)
            return
        if passed is not None:
            log.warning("This month's model calls passed the soft limit of %s USD.", passed.limit_usd)
            await question.audit.soft_limit_passed(passed)

    async def ask(self, question: Question, prompt: Prompt, *, max_tokens: int) -> Reply:
        """The first answer of the chosen model or its fallbacks. Raises ModelUnavailable, SpendDenied or Terminal."""
        failure: ModelUnavailable | None = None
        for model in [question.decision.model_config, *question.decision.fallback_configs]:
            client = self._clients[model.provider]
            if not client.breaker.acquire():
                continue
            if model.provider is not self._primary:
                await question.audit.provider_failed_over(primary=self._primary, fallback=model.provider)
            if question.held is None:
                await self.hold(question, max_tokens=max_tokens)
            try:
                return await self._call(question, prompt, client, model, max_tokens)
            except CallFailed as error:
                log.warning("%s", error)
                failure = error
        await self.release(question)
        raise failure or ModelUnavailable("No model provider is available: every circuit breaker is open.")

    async def _call(
        self, question: Question, prompt: Prompt, client: AluskortAnthropicClient, model: ModelConfig, max_tokens: int
    ) -> Reply:
        """One call, settled and reported. A cancelled one stays held in full: it may be billed."""
        decision, audit = question.decision, question.audit
        options = CallOptions(
            model_id=model.model_id,
            max_tokens=max_tokens,
            timeout_seconds=TIERS[decision.tier].timeout_seconds,
            budget_seconds=question.budget_seconds,
            # A fallback provider answers without thinking (spec/llm §12, secondary_active).
            thinking=decision.use_extended_thinking and model is decision.model_config,
            caching=decision.use_prompt_caching,
        )
        one_attempt = question.worst_case(max_tokens)
        try:
            reply = await client.send(prompt, options)
        except CallFailed as error:
            await self._health.report(audit, client.provider)
            await self.release(question, error.unanswered * one_attempt)
            raise
        cost = cost_usd(decision.tier, reply.usage)
        question.usage += reply.usage
        question.cost += cost
        question.latency_ms += reply.latency_ms
        question.answered_by = model
        await self.release(question, cost + reply.unanswered * one_attempt)
        await self._health.report(audit, client.provider)
        await audit.model_answered(decision, model, prompt, reply, cost)
        return reply
