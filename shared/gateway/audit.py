"""The gateway's audit events (spec/security-and-audit §2): figures and hashes, never the text of prompt or answer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Protocol

from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.gateway import NO_CASE, CaseReference, GatewayRequest
from shared.contracts.routing import CircuitState, DegradationLevel, LLMProvider, ModelConfig, RoutingDecision
from shared.contracts.taxonomy import taxonomy_version
from shared.gateway.client import Reply
from shared.gateway.prompt import TEMPLATE_ID, TEMPLATE_VERSION, Prompt
from shared.gateway.screening import Screening
from shared.gateway.spend import SoftLimitPassed

FIELDS_NAMED = 20  # an attacker may fill every field of an alert
BREAKER_EVENTS = {
    CircuitState.OPEN: AuditEventType.CIRCUIT_BREAKER_OPENED,
    CircuitState.CLOSED: AuditEventType.CIRCUIT_BREAKER_CLOSED,
}


class AuditSink(Protocol):
    """Takes events of the audit vocabulary; in production shared/audit's AuditProducer, in tests a list."""

    async def emit(  # noqa: PLR0913 - the fields of one event
        self,
        *,
        tenant_id: str,
        event_type: AuditEventType,
        actor_id: str,
        context: Mapping[str, Any] = ...,
        decision: Mapping[str, Any] = ...,
        outcome: Mapping[str, Any] = ...,
        severity: str = ...,
        investigation_id: str = ...,
        alert_id: str = ...,
    ) -> None:
        """Record one event. It must not fail the call that it reports."""


class RequestAudit:
    """Reports what happens to one request, under its tenant and its case and in its agent's name."""

    def __init__(self, sink: AuditSink, request: GatewayRequest, case: CaseReference = NO_CASE) -> None:
        self._sink = sink
        self._request = request
        self._case = case

    async def injection_found(self, screening: Screening, *, quarantined: bool, evidence: str) -> None:
        """Names of families and fields; the evidence by its hash."""
        context = {"families": screening.families, "count": len(screening.hits), "risk": screening.risk.name.lower()}
        context |= {"field": ", ".join(screening.fields[:FIELDS_NAMED]), "evidence_ref": f"sha256:{_sha256(evidence)}"}
        event = AuditEventType.INJECTION_QUARANTINED if quarantined else AuditEventType.INJECTION_DETECTED
        await self._emit(event, context, severity="critical" if quarantined else "warning")

    async def hard_limit_reached(self, *, limit: Decimal, total: Decimal, asked: Decimal) -> None:
        """A call was not made, amounts in USD."""
        context = {"limit": str(limit), "total": str(total), "asked": str(asked), "period": "month"}
        await self._emit(AuditEventType.SPEND_HARD_LIMIT, context, severity="critical")

    async def soft_limit_passed(self, passed: SoftLimitPassed) -> None:
        """Once a month, amounts in USD."""
        context = {"limit": str(passed.limit_usd), "total": str(passed.total_usd), "period": f"{passed.month:%Y-%m}"}
        await self._emit(AuditEventType.SPEND_SOFT_LIMIT, context, severity="warning")

    async def provider_failed_over(self, *, primary: LLMProvider, fallback: LLMProvider) -> None:
        """Another provider is asked instead."""
        context = {"primary_provider": primary.value, "fallback_provider": fallback.value}
        await self._emit(AuditEventType.ROUTING_PROVIDER_FAILOVER, context | self._task(), severity="warning")

    async def breaker_changed(self, provider: LLMProvider, changes: Iterable[CircuitState], *, failures: int) -> None:
        """Each state that a breaker entered; ``failures`` are what opens it."""
        for state in changes:
            context = {"dependency": provider.value, "failures": failures}
            await self._emit(BREAKER_EVENTS[state], context, severity="warning")

    async def degradation_entered(self, level: DegradationLevel, *, cause: str) -> None:
        """From now on less of the system stands behind an answer."""
        await self._emit(AuditEventType.DEGRADATION_ENTERED, {"level": level.value, "cause": cause}, severity="warning")

    async def degradation_exited(self, level: DegradationLevel, *, cause: str, seconds: float) -> None:
        """That level is over; it lasted so long."""
        context = {"level": level.value, "cause": cause, "duration_seconds": round(seconds, 1)}
        await self._emit(AuditEventType.DEGRADATION_EXITED, context)

    async def model_answered(
        self, decision: RoutingDecision, model: ModelConfig, prompt: Prompt, reply: Reply, cost: Decimal
    ) -> None:
        """One call to a model, with what it used."""
        context = {
            "provider": model.provider.value,
            "model_id": model.model_id,
            "tier": decision.tier.value,
            "input_tokens": reply.usage.input_tokens,
            "output_tokens": reply.usage.output_tokens,
            "cache_read_tokens": reply.usage.cache_read_tokens,
            "cache_write_tokens": reply.usage.cache_write_tokens,
            "cost_usd": str(cost),
            "latency_ms": round(reply.latency_ms),
            "system_prompt_hash": prompt.system_sha256,
            "response_hash": _sha256(reply.text),
            "template_id": TEMPLATE_ID,
            "template_version": TEMPLATE_VERSION,
            "evidence_ref": f"sha256:{_sha256(prompt.turns[0])}",
        }
        chosen = {"tier": decision.tier.value, "reason": decision.reason}
        chosen["degradation_level"] = str(decision.degradation_level)
        await self._emit(AuditEventType.ROUTING_TIER_SELECTED, context | self._task(), decision=chosen)

    async def techniques_quarantined(self, technique_ids: Iterable[str]) -> None:
        """One event an id."""
        for technique_id in technique_ids:
            context = {"technique_id": technique_id, "taxonomy_version": taxonomy_version()}
            context["agent_id"] = self._request.agent_id
            await self._emit(AuditEventType.TECHNIQUE_QUARANTINED, context | self._task(), severity="warning")

    def _task(self) -> dict[str, str]:
        return {"task_type": self._request.task_type}

    async def _emit(
        self,
        event_type: AuditEventType,
        context: Mapping[str, Any],
        *,
        decision: Mapping[str, Any] | None = None,
        severity: str = "info",
    ) -> None:
        await self._sink.emit(
            tenant_id=self._request.tenant_id,
            event_type=event_type,
            actor_id=self._request.agent_id,
            context=context,
            decision=decision or {},
            severity=severity,
            investigation_id=self._case.investigation_id,
            alert_id=self._case.alert_id,
        )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
