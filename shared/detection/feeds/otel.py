"""OpenTelemetry in OTLP's JSON: spans of generative AI, and metrics of hosts.

https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/, https://opentelemetry.io/docs/specs/semconv/system/system-metrics/
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from shared.contracts.outside_text import read_json
from shared.detection.feeds.reading import Row, at, first, items, moment
from shared.errors import InvalidInput

_OPERATIONS = ("chat", "text_completion", "generate_content", "invoke_agent")
_CONNECTIONS = ("system.network.connection.count", "system.network.connections")  # today's name, and the one before
_FILTERED = "content_filter"
_NODE = ("host.name", "k8s.node.name", "service.instance.id")
NANOSECOND = 1e-9


def genai(document: Mapping[str, Any]) -> Iterator[Row]:
    """A question for each span of a model call; tool calls are the names in the answer's messages.

    A span holds the text only where the instrumentation was told to capture it; without, the row has an empty question.
    """
    for resource in items(document.get("resourceSpans")):
        shared = _attributes(at(resource, "resource.attributes"))
        for scope in items(resource.get("scopeSpans")):
            for span in items(scope.get("spans")):
                own = {**shared, **_attributes(span.get("attributes"))}
                if own.get("gen_ai.operation.name") in _OPERATIONS:
                    yield _question(span, own)


def _question(span: Mapping[str, Any], own: Mapping[str, Any]) -> Row:
    asked, answered = (_messages(own.get(f"gen_ai.{side}.messages")) for side in ("input", "output"))
    reasons = own.get("gen_ai.response.finish_reasons") or []
    return {
        "ts": moment(span.get("startTimeUnixNano"), unit=NANOSECOND),
        "id": f"{span.get('traceId')}/{span.get('spanId')}",
        "user_id": first((own.get("user.id"), own.get("enduser.id"), own.get("service.name"))) or "unknown",
        "session_id": str(first((own.get("gen_ai.conversation.id"), own.get("session.id"), span.get("traceId")))),
        "query_text": "\n".join(_texts(asked, "user")),
        "response_summary": "\n".join(_texts(answered, "assistant"))[:500] or None,
        "tool_calls_made": [{"name": part.get("name")} for part in _parts(answered) if part.get("type") == "tool_call"],
        "safety_filter_triggered": _FILTERED in reasons or own.get("error.type") == _FILTERED,
        "token_count": own.get("gen_ai.usage.input_tokens", 0),
    }


def host_metrics(document: Mapping[str, Any]) -> Iterator[Row]:
    """A node's health for each resource and time: utilisation of processor and memory, and open connections.

    The node says of itself which weights it runs and how it was booted, in the resource's attributes
    ``aluskort.model.sha256``, ``aluskort.boot.attestation`` and ``aluskort.disk.integrity``.
    """
    for resource in items(document.get("resourceMetrics")):
        own = _attributes(at(resource, "resource.attributes"))
        for time, values in _by_time(resource).items():
            yield {
                "ts": moment(time, unit=NANOSECOND),
                "edge_node_id": first(own.get(name) for name in _NODE),
                "model_weight_hash": own.get("aluskort.model.sha256"),
                "disk_integrity": own.get("aluskort.disk.integrity"),
                "boot_attestation": own.get("aluskort.boot.attestation"),
                "active_connections": int(first(values.get(name) for name in _CONNECTIONS) or 0),
                "cpu_utilisation": _percent(values.get("system.cpu.utilization")),
                "memory_utilisation": _percent(values.get("system.memory.utilization")),
            }


def _by_time(resource: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Values by time and metric."""
    found: dict[str, dict[str, list[tuple[str, float]]]] = defaultdict(lambda: defaultdict(list))
    for scope in items(resource.get("scopeMetrics")):
        for metric in items(scope.get("metrics")):
            points = first((at(metric, "gauge.dataPoints"), at(metric, "sum.dataPoints")))
            for point in items(points):
                own = _attributes(point.get("attributes"))
                state = str(first(own.get(name) for name in ("cpu.mode", "system.memory.state", "state")))
                value = float(first((point.get("asDouble"), point.get("asInt"))) or 0)
                found[str(point.get("timeUnixNano"))][str(metric.get("name"))].append((state, value))
    return {
        time: {name: _together(name, values) for name, values in by_name.items()} for time, by_name in found.items()
    }


def _together(name: str, values: list[tuple[str, float]]) -> float:
    """Connections add up. Of a utilisation, what is neither idle nor free is used; processors are averaged."""
    if name in _CONNECTIONS:
        return sum(value for _, value in values)
    spare = [value for state, value in values if state in {"idle", "free"}]
    used = spare or [value for state, value in values if state in {"used", "None"}]
    mean = sum(used) / len(used) if used else 0.0
    return 1 - mean if spare else mean


def _percent(share: float | None) -> float | None:
    return None if share is None else round(min(max(share, 0.0), 1.0) * 100, 2)


def _attributes(found: Any) -> dict[str, Any]:
    return {str(one.get("key")): _value(one.get("value")) for one in items(found)}


def _value(found: Any) -> Any:
    """An AnyValue; integers of 64 bits come as text."""
    if not isinstance(found, Mapping):
        return found
    if "arrayValue" in found:
        return [_value(one) for one in items(at(found, "arrayValue.values"))]
    if "intValue" in found:
        return int(found["intValue"])
    return first(found.get(kind) for kind in ("stringValue", "doubleValue", "boolValue"))


def _messages(found: Any) -> list[Mapping[str, Any]]:
    """Messages are an array, or the same as text."""
    if isinstance(found, str):
        try:
            found = read_json(found.encode())
        except InvalidInput:
            return [{"role": "user", "parts": [{"type": "text", "content": found}]}]
    return list(items(found))


def _parts(messages: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    return (part for message in messages for part in items(message.get("parts")))


def _texts(messages: list[Mapping[str, Any]], role: str) -> Iterator[str]:
    for part in _parts([message for message in messages if message.get("role") == role]):
        if part.get("type") == "text":
            content = part.get("content")
            yield content if isinstance(content, str) else json.dumps(content)
