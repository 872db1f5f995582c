"""Builds the Message object that the Claude API answers with: content, stop reason, usage."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any, Literal

from local.simulators.answer import answer_text
from local.simulators.faults import FaultKind
from local.simulators.message_request import MessageRequest
from local.simulators.prompt_cache import BYTES_PER_TOKEN, InputTokens, count_tokens

THINKING = "The evidence is weighed sign by sign; the rules then decide."


def compose_message(
    request: MessageRequest,
    tokens: InputTokens,
    *,
    service_tier: Literal["standard", "batch"],
    fault: FaultKind | None = None,
) -> dict[str, Any]:
    """One Message. Thinking and text share ``max_tokens``; what does not fit is cut, as the real model is cut."""
    thinking_tokens = min(count_tokens(THINKING), request.max_tokens) if request.thinks else 0
    room = request.max_tokens - thinking_tokens
    whole = answer_text(request, fault)
    text = whole.encode()[: room * BYTES_PER_TOKEN].decode(errors="ignore")
    cut = len(text) < len(whole) or fault is FaultKind.TRUNCATED
    content: list[dict[str, Any]] = []
    if request.thinks:
        signature = hashlib.sha256(whole.encode()).hexdigest()
        content.append({
            "type": "thinking",
            "thinking": THINKING if request.shows_thinking else "",
            "signature": signature,
        })  # fmt: skip
    if text:
        content.append({"type": "text", "text": text})
    return {
        "id": f"msg_{secrets.token_hex(12)}",
        "type": "message",
        "role": "assistant",
        "model": request.model,
        "content": content,
        "stop_reason": "max_tokens" if cut else "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": tokens.uncached,
            "cache_creation_input_tokens": tokens.written_5m + tokens.written_1h,
            "cache_read_input_tokens": tokens.read,
            "cache_creation": {
                "ephemeral_5m_input_tokens": tokens.written_5m,
                "ephemeral_1h_input_tokens": tokens.written_1h,
            },
            "output_tokens": thinking_tokens + max(count_tokens(text), 1),
            "output_tokens_details": {"thinking_tokens": thinking_tokens},
            "service_tier": service_tier,
        },
    }
