"""The gateway's steps around questions that may wait a day: each input is screened and redacted before it leaves, as a
batch is kept by the provider, and each answer is checked as that of a call.

The map of placeholders is stored nowhere: whoever reads the answer makes the prompt again from the same request.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.contracts.gateway import GatewayRequest
from shared.contracts.outside_text import storable_text
from shared.contracts.routing import ModelTier
from shared.gateway.audit import AuditSink, RequestAudit
from shared.gateway.batch_client import AnthropicBatches
from shared.gateway.client import CallOptions, Reply, message_parameters
from shared.gateway.evidence import read_evidence
from shared.gateway.exchange import check, prepare, restored
from shared.gateway.injection import Risk
from shared.gateway.prompt import Prompt, worst_prompt_tokens
from shared.gateway.redaction import RedactionMap
from shared.gateway.screening import Screening, screen
from shared.gateway.spend import SpendGuard
from shared.routing.models import TIERS, cost_usd, worst_case_usd
from shared.routing.tasks import task_profile

TIER = ModelTier.TIER_2


@dataclass(frozen=True)
class PreparedItem:
    """One request fit to leave; without ``parameters`` it may not, as its input gives orders to a model."""

    parameters: dict[str, Any] | None
    prompt_sha256: str = ""
    worst_usd: Decimal = Decimal(0)


@dataclass(frozen=True)
class CheckedItem:
    """An answer that was read: ``value`` when ``errors`` is empty. It was paid for either way."""

    value: Any
    errors: tuple[str, ...]
    cost_usd: Decimal


class BatchGateway:
    """The only way to a model for what may wait."""

    def __init__(self, batches: AnthropicBatches, spend: SpendGuard, audit: AuditSink) -> None:
        self.batches = batches
        self._spend = spend
        self._audit = audit

    async def prepare(self, requests: Sequence[GatewayRequest]) -> list[PreparedItem]:
        """Screen, redact and build every request, in order; findings are audited. Raises StoreUnavailable."""
        made = await asyncio.to_thread(lambda: [_prepared(request) for request in requests])
        for request, (_, screening) in zip(requests, made, strict=True):
            if screening.risk >= Risk.MEDIUM:
                quarantined = screening.risk is Risk.HIGH
                audit = RequestAudit(self._audit, request)
                await audit.injection_found(screening, quarantined=quarantined, evidence=request.user_content)
        return [item for item, _ in made]

    async def hold(self, job_id: UUID, worst_usd: Decimal, *, tenant_id: str, task_type: str) -> bool:
        """Hold the worst case of a batch under its own id; False, and audited, when the hard limit has no room."""
        held = await self._spend.reserve(worst_usd, tenant_id=tenant_id, task_type=task_type, tier=TIER, call_id=job_id)
        if held is None:
            limit, total = self._spend.hard_limit_usd, await self._spend.total_usd()
            await self._report(tenant_id, task_type).hard_limit_reached(limit=limit, total=total, asked=worst_usd)
        return held is not None

    async def settle(self, job_id: UUID, spent_usd: Decimal, *, tenant_id: str, task_type: str) -> None:
        """Replace what is held by what the batch cost; repeating it changes nothing."""
        passed = await self._spend.settle_call(job_id, tenant_id, spent_usd)
        if passed is not None:
            await self._report(tenant_id, task_type).soft_limit_passed(passed)

    async def read(self, request: GatewayRequest, reply: Reply, *, prompt_sha256: str) -> CheckedItem:
        """Check one answer and put the originals back."""
        cost = cost_usd(TIER, reply.usage)
        _, prompt, redactions = await asyncio.to_thread(_again, request)
        if prompt is None or redactions is None or _sha256(prompt) != prompt_sha256:
            # Another release redacts otherwise: the answer's placeholders stand for nothing that is known.
            return CheckedItem(None, ("prompt_changed", "the prompt is not the one that was sent"), cost)
        checked = check(reply, prompt)
        if checked.errors:
            return CheckedItem(None, checked.errors, cost)
        await RequestAudit(self._audit, request).techniques_quarantined(checked.quarantined_ids)
        value, _ = restored(checked, redactions)
        return CheckedItem(value, (), cost)

    def _report(self, tenant_id: str, task_type: str) -> RequestAudit:
        nothing = GatewayRequest(
            agent_id="batch_scheduler", task_type=task_type, system_prompt="", user_content="", tenant_id=tenant_id
        )
        return RequestAudit(self._audit, nothing)


def _prepared(request: GatewayRequest) -> tuple[PreparedItem, Screening]:
    screening, prompt, _ = _again(request)
    if prompt is None:
        return PreparedItem(None), screening
    row = TIERS[TIER]
    options = CallOptions(
        model_id=row.model_id,
        max_tokens=row.max_tokens,
        timeout_seconds=row.timeout_seconds,
        budget_seconds=row.timeout_seconds,
        thinking=task_profile(request.task_type).needs.requires_extended_thinking,
        caching=False,
    )
    tokens = worst_prompt_tokens(request.system_prompt, screening.evidence, request.output_schema)
    worst = worst_case_usd(TIER, prompt_tokens=tokens, max_tokens=row.max_tokens)
    return PreparedItem(message_parameters(prompt, options), _sha256(prompt), worst), screening


def _again(request: GatewayRequest) -> tuple[Screening, Prompt | None, RedactionMap | None]:
    screening = screen(read_evidence(storable_text(request.user_content)))
    if screening.risk is Risk.HIGH:
        return screening, None, None
    return screening, *prepare(request, screening.evidence)


def _sha256(prompt: Prompt) -> str:
    texts = [text for text, _ in prompt.system]
    return hashlib.sha256("\0".join([*texts, *prompt.turns]).encode()).hexdigest()
