"""Reads and checks the body of POST /v1/messages as the Claude API does; a body that it would refuse raises ApiError.
Streaming, tools and documents are not simulated and are refused by name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jsonschema

from local.simulators.errors import ErrorType, invalid, refusal

FIXED_TEMPERATURE = frozenset({"claude-sonnet-5-5", "claude-opus-5-5"})  # these accept the default, 1, only
MODELS = FIXED_TEMPERATURE | {"claude-haiku-5-5"}
MAX_OUTPUT_TOKENS = 128_000
MAX_BREAKPOINTS = 4
KNOWN = frozenset({
    "model", "max_tokens", "messages", "system", "temperature", "thinking", "output_config", "cache_control",
    "metadata", "service_tier", "stop_sequences", "stream", "top_k", "top_p", "inference_geo",
})  # fmt: skip
UNSUPPORTED_KEYWORDS = frozenset({
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "maxItems",
    "uniqueItems", "patternProperties",
})  # fmt: skip


@dataclass(frozen=True)
class Block:
    """One text block of the prompt; ``cache_ttl`` is set where the client put a cache mark."""

    role: str
    text: str
    cache_ttl: str | None = None


@dataclass(frozen=True)
class MessageRequest:
    """What the simulator needs of a request. ``schema`` is the JSON schema of output_config.format, if any."""

    model: str
    max_tokens: int
    blocks: tuple[Block, ...]
    schema: dict[str, Any] | None
    thinks: bool
    shows_thinking: bool

    @property
    def user_text(self) -> str:
        """All user turns, oldest first."""
        return "\n".join(block.text for block in self.blocks if block.role == "user")


def read_message_request(body: object, *, counting: bool = False) -> MessageRequest:
    """The request in ``body``; ``counting`` is count_tokens, which takes no max_tokens. Raises ApiError."""
    if not isinstance(body, dict):
        raise invalid("The request body must be a JSON object.")
    for name in body.keys() - KNOWN:
        raise invalid(f"{name}: Extra inputs are not permitted (or not simulated)")
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise invalid("model: Field required")
    if model not in MODELS:
        raise refusal(ErrorType.NOT_FOUND, f"model: {model}")
    if body.get("stream"):
        raise invalid("stream: the simulated API does not stream")
    thinking = _thinking(body.get("thinking"))
    _check_temperature(body.get("temperature"), model)
    blocks = (*_system(body.get("system")), *_messages(body.get("messages")))
    if body.get("cache_control") is not None:
        last = blocks[-1]
        blocks = (*blocks[:-1], Block(last.role, last.text, _cache_ttl(body, "cache_control")))
    if sum(block.cache_ttl is not None for block in blocks) > MAX_BREAKPOINTS:
        raise invalid(f"A maximum of {MAX_BREAKPOINTS} blocks with cache_control may be provided.")
    return MessageRequest(
        model=model,
        max_tokens=MAX_OUTPUT_TOKENS if counting else _max_tokens(body.get("max_tokens")),
        blocks=blocks,
        schema=_schema(body.get("output_config")),
        thinks=thinking is not None,
        shows_thinking=thinking == "summarized",
    )


def _max_tokens(value: object) -> int:
    if value is None:
        raise invalid("max_tokens: Field required")
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise invalid("max_tokens: Input should be an integer greater than or equal to 1")
    if value > MAX_OUTPUT_TOKENS:
        raise invalid(f"max_tokens: {value} > {MAX_OUTPUT_TOKENS}, the most that this model can put out")
    return value


def _check_temperature(value: object, model: str) -> None:
    if value is None:
        return
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise invalid("temperature: Input should be a number from 0 to 1")
    if model in FIXED_TEMPERATURE and value != 1:
        raise invalid(f"temperature: {model} accepts the default value 1 only; leave the parameter out")


def _thinking(value: object) -> str | None:
    """How thinking is shown, or None when there is none."""
    if value is None:
        return None
    kind = value.get("type") if isinstance(value, dict) else None
    if kind == "disabled":
        return None
    if kind != "adaptive":
        raise invalid("thinking.type: this model takes 'adaptive' or 'disabled'; there is no token budget to set")
    return "summarized" if isinstance(value, dict) and value.get("display") == "summarized" else "omitted"


def _system(value: object) -> Iterator[Block]:
    if value is not None:
        yield from _text_blocks(value, role="system", where="system")


def _messages(value: object) -> Iterator[Block]:
    if not isinstance(value, list) or not value:
        raise invalid("messages: at least one message is required")
    for number, message in enumerate(value):
        role = message.get("role") if isinstance(message, dict) else None
        if role not in {"user", "assistant"}:
            raise invalid(f"messages.{number}.role: Input should be 'user' or 'assistant'")
        yield from _text_blocks(message.get("content"), role=role, where=f"messages.{number}.content")
    if value[0]["role"] != "user" or value[-1]["role"] != "user":
        raise invalid("messages: the conversation must start and end with a user message")


def _text_blocks(value: object, *, role: str, where: str) -> Iterator[Block]:
    if isinstance(value, str):
        value = [{"type": "text", "text": value}]
    if not isinstance(value, list):
        raise invalid(f"{where}: Input should be a string or a list of blocks")
    for number, block in enumerate(value):
        place = f"{where}.{number}"
        kind = block.get("type") if isinstance(block, dict) else None
        if kind == "thinking" and role == "assistant":
            continue  # sent back by a client that repeats the turn; thinking of earlier turns is not read
        text = block.get("text") if isinstance(block, dict) and kind == "text" else None
        if not isinstance(text, str):
            raise invalid(f"{place}: only text blocks are simulated")
        if not text.strip():
            raise invalid(f"{place}: text content blocks must be non-empty")
        yield Block(role, text, _cache_ttl(block, f"{place}.cache_control"))


def _cache_ttl(holder: dict[str, Any], where: str) -> str | None:
    mark = holder.get("cache_control")
    if mark is None:
        return None
    ttl = mark.get("ttl", "5m") if isinstance(mark, dict) and mark.get("type") == "ephemeral" else None
    if ttl not in {"5m", "1h"}:
        raise invalid(f"{where}: Input should be {{'type': 'ephemeral'}} with ttl '5m' or '1h'")
    return str(ttl)


def _schema(config: object) -> dict[str, Any] | None:
    if config is None:
        return None
    if not isinstance(config, dict):
        raise invalid("output_config: Input should be an object")
    form = config.get("format")
    if form is None:
        return None
    schema = form.get("schema") if isinstance(form, dict) and form.get("type") == "json_schema" else None
    if not isinstance(schema, dict):
        raise invalid("output_config.format: Input should be {'type': 'json_schema', 'schema': {...}}")
    where = "output_config.format.schema"
    if fault := _fault(json.dumps(schema)):
        raise invalid(f"{where}: not a JSON schema: {fault}")
    _check_schema(schema, where, schema.get("$defs", {}))
    return schema


@lru_cache(maxsize=64)
def _fault(schema: str) -> str | None:
    """What makes the text no JSON schema. Kept: a check takes longer than an answer, and clients send few schemas."""
    try:
        jsonschema.Draft202012Validator.check_schema(json.loads(schema))
    except jsonschema.SchemaError as error:
        return error.message
    return None


def _check_schema(schema: object, where: str, definitions: dict[str, Any]) -> None:
    """Refuses what structured outputs refuse: open objects, and limits on numbers, lengths and list sizes."""
    if not isinstance(schema, dict):
        return
    for keyword in sorted(schema.keys() & UNSUPPORTED_KEYWORDS):
        raise invalid(f"{where}: For '{schema.get('type')}' type, property '{keyword}' is not supported")
    reference = schema.get("$ref")
    if reference is not None and reference.removeprefix("#/$defs/") not in definitions:
        raise invalid(f"{where}: '$ref' must name one of the schema's own '$defs', '{reference}' does not")
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        raise invalid(f"{where}: For 'object' type, 'additionalProperties' must be explicitly set to false")
    for group in ("properties", "$defs"):
        for name, child in schema.get(group, {}).items():
            _check_schema(child, f"{where}.{group}.{name}", definitions)
    for group in ("anyOf", "allOf"):
        for number, child in enumerate(schema.get(group, [])):
            _check_schema(child, f"{where}.{group}.{number}", definitions)
    _check_schema(schema.get("items"), f"{where}.items", definitions)
