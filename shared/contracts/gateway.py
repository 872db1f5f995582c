"""The gateway's request and response, the only door to a model (seed §2)."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from shared.contracts.contract import Contract


class APICallMetrics(Contract):
    """What one model call used. Cost in USD, latency in milliseconds."""

    model_id: str
    provider: str
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cost_usd: float = 0.0
    latency_ms: float = 0.0
    success: bool = True
    error: str = ""


class GatewayRequest(Contract):
    """One question to a model. ``user_content`` is untrusted; the router sets tier, tokens and temperature."""

    agent_id: str
    task_type: str
    system_prompt: str
    user_content: str
    output_schema: dict[str, Any] | None = None
    tenant_id: str


class CaseReference(Contract):
    """The case that a request belongs to: its audit events are found by it."""

    investigation_id: str = ""
    alert_id: str = ""


NO_CASE = CaseReference()
UNCLEAR = " unclear"


class GatewayResponse(Contract):
    """The answer after validation. ``raw_output`` still holds placeholders and is never shown to a person.

    ``validation_errors`` starts with one of `input_quarantined`, `spend_hard_limit`, `provider_unavailable` when no
    model was asked or none answered. Of a valid answer it lists what was cleaned out of it. ``injection_detections``
    are lines `family@field:start-end`; one that ends in UNCLEAR may be ordinary text.
    """

    content: str
    model_id: str
    tokens_used: int
    valid: bool
    raw_output: str
    validation_errors: list[str] = Field(default_factory=list)
    quarantined_ids: list[str] = Field(default_factory=list)
    metrics: APICallMetrics | None = None
    injection_detections: list[str] = Field(default_factory=list)
