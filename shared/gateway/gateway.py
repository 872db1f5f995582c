"""ContextGateway: the seed's eight steps around one question to a model (seed §2, spec/llm §2).

Raises ModelUnavailable or StoreUnavailable when a call could not be made or answered now; the caller owns waiting.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence

import re2

from shared.contracts.gateway import NO_CASE, CaseReference, GatewayRequest, GatewayResponse
from shared.contracts.outside_text import storable_text
from shared.contracts.routing import TaskContext
from shared.errors import Terminal
from shared.gateway.audit import AuditSink, RequestAudit
from shared.gateway.breaker_board import BreakerBoard
from shared.gateway.client import AluskortAnthropicClient, Reply
from shared.gateway.evidence import Evidence, read_evidence
from shared.gateway.exchange import check, prepare, restored
from shared.gateway.injection import Risk
from shared.gateway.model_caller import ModelCaller, Question, SpendDenied
from shared.gateway.output import ValidatedOutput
from shared.gateway.prompt import Prompt, worst_prompt_tokens
from shared.gateway.redaction import RedactionMap
from shared.gateway.screening import Screening, screen
from shared.gateway.spend import SpendGuard
from shared.routing.router import LLMRouter
from shared.routing.tasks import task_profile

LARGEST_RETRY_TOKENS = 16_384  # an answer that was cut is asked again with twice the room, up to this
TYPICAL_BYTES_PER_TOKEN = 3
DEFAULT_BUDGET_SECONDS = 30

log = logging.getLogger(__name__)


class ContextGateway:
    """The only way to a model. ``clients`` are the providers that the router knows, one each."""

    def __init__(
        self,
        *,
        router: LLMRouter,
        clients: Sequence[AluskortAnthropicClient],
        spend: SpendGuard,
        audit: AuditSink,
        board: BreakerBoard | None = None,
    ) -> None:
        self._router = router
        self._caller = ModelCaller(clients, spend, board)
        self._audit = audit

    async def complete(
        self,
        request: GatewayRequest,
        *,
        alert_severity: str = "medium",
        time_budget_seconds: int | None = None,
        previous_confidence: float | None = None,
        case: CaseReference = NO_CASE,
    ) -> GatewayResponse:
        """Ask a model. Not valid: ``validation_errors`` starts with a code such as `input_quarantined`.

        ``case`` is what the audit events of this request belong to.

        Raises ModelUnavailable when no provider answers, StoreUnavailable when the spend ledger is unavailable.
        """
        request = request.model_copy(update={"user_content": storable_text(request.user_content)})
        audit = RequestAudit(self._audit, request, case)
        # 1. Sanitise.
        screening = await _screen(request, audit)
        if screening.risk is Risk.HIGH:
            return _refusal("input_quarantined", "the input carries orders to a model", screening)
        task = TaskContext(
            task_type=request.task_type,
            time_budget_seconds=DEFAULT_BUDGET_SECONDS if time_budget_seconds is None else time_budget_seconds,
            alert_severity=alert_severity,
            requires_reasoning=task_profile(request.task_type).needs.requires_extended_thinking,
            previous_confidence=previous_confidence,
        )
        question = self._question(request, audit, screening.evidence, task)
        try:
            # 2. Spend check: the worst case of the call is held.
            await self._caller.hold(question, max_tokens=question.decision.max_tokens)
            # 3. Redact, 4. build the prompt.
            prompt, redactions = await asyncio.to_thread(prepare, request, screening.evidence)
            # 5. Call, 6. validate.
            reply, checked = await self._answer(question, prompt)
        except SpendDenied as error:
            log.warning("A model call was not made: %s", error)
            return _refusal("spend_hard_limit", str(error), screening, question)
        except (Terminal, re2.error) as error:
            await self._caller.release(question)
            log.exception("A model call failed for good.")
            return _refusal("request_refused", str(error), screening, question)
        await audit.techniques_quarantined(checked.quarantined_ids)
        return _response(question, reply, checked, redactions, screening)

    def _question(
        self, request: GatewayRequest, audit: RequestAudit, evidence: Evidence, task: TaskContext
    ) -> Question:
        worst = worst_prompt_tokens(request.system_prompt, evidence, request.output_schema)
        sized = task.model_copy(update={"context_tokens": worst // (2 * TYPICAL_BYTES_PER_TOKEN)})
        return Question(request, audit, self._router.route(sized), worst, float(task.time_budget_seconds))

    async def _answer(self, question: Question, prompt: Prompt) -> tuple[Reply, ValidatedOutput]:
        """One answer that fits, after at most one retry of a cut one and one repair of a wrong one."""
        room = question.decision.max_tokens
        reply = await self._caller.ask(question, prompt, max_tokens=room)
        if reply.is_cut and room < LARGEST_RETRY_TOKENS:
            room = min(2 * room, LARGEST_RETRY_TOKENS)
            reply = await self._caller.ask(question, prompt, max_tokens=room)
        checked = check(reply, prompt)
        if checked.errors and not reply.is_cut and reply.stop_reason != "refusal":
            question.prompt_tokens += 2 * len(reply.text.encode())
            repair = prompt.with_repair(reply.text, checked.errors)
            reply = await self._caller.ask(question, repair, max_tokens=room)
            checked = check(reply, prompt)
        return reply, checked


async def _screen(request: GatewayRequest, audit: RequestAudit) -> Screening:
    """In a thread, as a large text keeps a processor busy."""
    screening = await asyncio.to_thread(screen, read_evidence(request.user_content))
    if screening.risk >= Risk.MEDIUM:
        quarantined = screening.risk is Risk.HIGH
        await audit.injection_found(screening, quarantined=quarantined, evidence=request.user_content)
    return screening


def _response(
    question: Question, reply: Reply, checked: ValidatedOutput, redactions: RedactionMap, screening: Screening
) -> GatewayResponse:
    """Steps 7 and 8: strip quarantined ids, put originals back. An answer that does not fit has no content."""
    errors, content = list(checked.errors), ""
    if not errors:
        value, flags = restored(checked, redactions)
        content = value if isinstance(value, str) and question.request.output_schema is None else json.dumps(value)
        errors += flags
    return GatewayResponse(
        content=content,
        model_id=question.answered_by.model_id if question.answered_by else "",
        tokens_used=question.usage.prompt_tokens + question.usage.output_tokens,
        valid=not checked.errors,
        raw_output=reply.text,
        validation_errors=errors,
        quarantined_ids=list(checked.quarantined_ids),
        metrics=question.metrics(),
        injection_detections=screening.described,
    )


def _refusal(code: str, reason: str, screening: Screening, question: Question | None = None) -> GatewayResponse:
    """No usable answer; calls that were made before still show in the metrics."""
    used = question.usage if question else None
    return GatewayResponse(
        content="",
        model_id=question.answered_by.model_id if question and question.answered_by else "",
        tokens_used=used.prompt_tokens + used.output_tokens if used else 0,
        valid=False,
        raw_output="",
        validation_errors=[code, reason],
        metrics=question.metrics() if question else None,
        injection_detections=screening.described,
    )
