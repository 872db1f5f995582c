"""The Anthropic Messages API through the vendor's SDK, and the one layer that retries it (spec/llm §8).

The caller owns the circuit breaker's `acquire`; each attempt is recorded here.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import anthropic
from anthropic.types import Message, MessageParam, TextBlockParam

from shared.contracts.outside_text import storable_text
from shared.contracts.routing import LLMProvider
from shared.errors import Terminal
from shared.gateway.call_failed import CallFailed
from shared.gateway.prompt import Prompt
from shared.routing.circuit_breaker import CircuitBreaker
from shared.routing.models import Usage

MAX_ATTEMPTS = 3
FIRST_DELAY_SECONDS = 1.0
TRANSIENT_STATUS = frozenset({408, 409, 429})  # and every 5xx
CACHE_MARK: Any = {"type": "ephemeral"}
# What structured outputs refuse in a schema; validate_output checks it instead.
UNSUPPORTED_KEYWORDS = frozenset({
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "minItems",
    "maxItems", "uniqueItems", "pattern", "patternProperties", "$schema", "default",
})  # fmt: skip

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reply:
    """A model's answer. ``unanswered`` earlier attempts may be billed as well."""

    text: str
    stop_reason: str
    usage: Usage
    latency_ms: float
    unanswered: int = 0

    @property
    def is_cut(self) -> bool:
        """Whether the answer ended at the token limit."""
        return self.stop_reason in {"max_tokens", "model_context_window_exceeded"}


@dataclass(frozen=True)
class CallOptions:
    """How one call is made. A retry starts only while ``budget_seconds`` since the first attempt lasts."""

    model_id: str
    max_tokens: int
    timeout_seconds: float
    budget_seconds: float
    thinking: bool = False
    caching: bool = True


@dataclass(frozen=True)
class _Failure:
    message: str
    retry_after: float | None
    may_be_billed: bool
    is_worth_retrying: bool = True


class AluskortAnthropicClient:
    """One provider. ``sdk`` must be built with max_retries=0; Foundry's SDK client is one as well."""

    def __init__(
        self,
        sdk: anthropic.AsyncAnthropic,
        *,
        provider: LLMProvider = LLMProvider.ANTHROPIC,
        breaker: CircuitBreaker | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sdk = sdk
        self.provider = provider
        self.breaker = breaker or CircuitBreaker(clock=clock)
        self._sleep = sleep
        self._clock = clock

    @classmethod
    def connect(cls, *, api_key: str, base_url: str | None, provider: LLMProvider) -> AluskortAnthropicClient:
        """The Messages API at ``base_url`` (None: Anthropic's); retries are this class's own."""
        return cls(anthropic.AsyncAnthropic(api_key=api_key, base_url=base_url, max_retries=0), provider=provider)

    async def send(self, prompt: Prompt, options: CallOptions) -> Reply:
        """At most three attempts. Raises CallFailed (retryable), or Terminal for a request that is refused for good."""
        started, unanswered = self._clock(), 0
        for attempt in range(1, MAX_ATTEMPTS + 1):
            outcome = await self._attempt(prompt, options)
            elapsed = self._clock() - started
            if not isinstance(outcome, _Failure):
                self.breaker.record_success()
                return read_reply(outcome, latency_ms=elapsed * 1000, unanswered=unanswered)
            self.breaker.record_failure()
            unanswered += outcome.may_be_billed
            wait = max(FIRST_DELAY_SECONDS * 2 ** (attempt - 1), outcome.retry_after or 0.0)
            may_go_on = outcome.is_worth_retrying and elapsed + wait < options.budget_seconds
            if attempt == MAX_ATTEMPTS or not may_go_on or not self.breaker.is_available:
                raise CallFailed(
                    f"{self.provider} did not answer for {options.model_id} (attempt {attempt}): {outcome.message}",
                    unanswered=unanswered,
                    retry_after=outcome.retry_after,
                )
            log.warning("%s: %s Attempt %d follows in %g s.", options.model_id, outcome.message, attempt + 1, wait)
            await self._sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    async def close(self) -> None:
        """Close the connections."""
        await self._sdk.close()

    async def _attempt(self, prompt: Prompt, options: CallOptions) -> Message | _Failure:
        try:
            parameters = message_parameters(prompt, options)
            return cast("Message", await self._sdk.messages.create(**parameters, timeout=options.timeout_seconds))
        except anthropic.APITimeoutError:
            return _Failure(f"No answer within {options.timeout_seconds:g} s.", None, may_be_billed=True)
        except anthropic.APIConnectionError as error:
            return _Failure(f"The connection failed: {error.__cause__ or error}.", None, may_be_billed=True)
        except anthropic.APIStatusError as error:
            failure = _status_failure(error)
            if failure is None:
                self.breaker.record_success()  # it answers; the request was wrong
                raise Terminal(f"{self.provider} refused the request: {_told(error)}") from error
            return failure
        except anthropic.APIError as error:
            return _Failure(f"The answer could not be read: {error.message}.", None, may_be_billed=True)


def _status_failure(error: anthropic.APIStatusError) -> _Failure | None:
    """None for a refusal that no repetition changes."""
    text = _told(error)
    if error.status_code in TRANSIENT_STATUS or error.status_code >= 500:
        return _Failure(text, _retry_after(error), may_be_billed=False)
    if error.status_code == 400 and "usage limit" in text.lower():
        # The account's own spend limit: the provider is unavailable for us, and asking again at once is pointless.
        return _Failure(text, None, may_be_billed=False, is_worth_retrying=False)
    return None


def _told(error: anthropic.APIStatusError) -> str:
    """Status and the API's own sentence."""
    detail = error.body.get("error") if isinstance(error.body, dict) else None
    message = detail.get("message") if isinstance(detail, dict) else None
    return f"{error.status_code} {message or error.message}"


def _retry_after(error: anthropic.APIStatusError) -> float | None:
    """The `retry-after` header in seconds; a date or nonsense counts as none."""
    try:
        return max(0.0, float(error.response.headers.get("retry-after", "")))
    except ValueError:
        return None


def message_parameters(prompt: Prompt, options: CallOptions) -> dict[str, Any]:
    """The body of one Messages call, which is also one item of a batch."""
    parameters: dict[str, Any] = {
        "model": options.model_id,
        "max_tokens": options.max_tokens,
        "system": list(_system_blocks(prompt, caching=options.caching)),
        "messages": [
            cast("MessageParam", {"role": "assistant" if number % 2 else "user", "content": turn})
            for number, turn in enumerate(prompt.turns)
        ],
    }
    if options.thinking:
        parameters["thinking"] = {"type": "adaptive"}
    if prompt.output_schema is not None:
        parameters["output_config"] = {"format": {"type": "json_schema", "schema": wire_schema(prompt.output_schema)}}
    return parameters


def _system_blocks(prompt: Prompt, *, caching: bool) -> Iterator[TextBlockParam]:
    for text, is_stable in prompt.system:
        mark = {"cache_control": CACHE_MARK} if caching and is_stable else {}
        yield cast("TextBlockParam", {"type": "text", "text": text, **mark})


def wire_schema(schema: Any) -> Any:
    """The schema as structured outputs take it: objects closed, limits on numbers, lengths and sizes left out."""
    if isinstance(schema, list):
        return [wire_schema(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Any] = {}
    for key, value in schema.items():
        if key in {"properties", "$defs"}:  # names here are the schema's own, not keywords
            kept[key] = {name: wire_schema(part) for name, part in value.items()}
        elif key not in UNSUPPORTED_KEYWORDS:
            kept[key] = value if key in {"enum", "const", "required"} else wire_schema(value)
    if kept.get("type") == "object" or "properties" in kept:
        kept["additionalProperties"] = False
    return kept


def read_reply(message: Message, *, latency_ms: float = 0.0, unanswered: int = 0) -> Reply:
    """What is kept of a message."""
    usage = message.usage
    return Reply(
        text=storable_text("".join(block.text for block in message.content if block.type == "text")),
        stop_reason=message.stop_reason or "",
        usage=Usage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=usage.cache_read_input_tokens or 0,
            cache_write_tokens=usage.cache_creation_input_tokens or 0,
        ),
        latency_ms=latency_ms,
        unanswered=unanswered,
    )
