"""What runs beside a plant: OPC UA PubSub, KServe's inference log, decision logs of Open Policy Agent.

OPC 10000-14 §7.2.5 (JSON messages), https://kserve.github.io/website/docs/model-serving/predictive-inference/logger,
https://www.openpolicyagent.org/docs/management-decision-logs
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import orjson

from shared.detection.feeds.reading import Row, at, first, items, needed


def opcua(document: Mapping[str, Any]) -> Iterator[Row]:
    """A network message `ua-data`: one report of its publisher. Sequence numbers that do not rise break the protocol.

    How a publisher logged in is known to the server only: ``AuthMethod`` is read where a gateway adds it.
    """
    if document.get("MessageType") != "ua-data":
        return
    messages = list(items(document.get("Messages")))
    fields = [dict(payload) for one in messages if isinstance(payload := one.get("Payload"), Mapping)]
    times = [one["Timestamp"] for one in messages if isinstance(one.get("Timestamp"), str)]
    numbers: dict[Any, list[int]] = {}
    for one in messages:
        if isinstance(number := one.get("SequenceNumber"), int):
            numbers.setdefault(one.get("DataSetWriterId"), []).append(number)
    yield {
        "ts": max(times) if times else needed(document, "Messages.Timestamp"),
        "id": document.get("MessageId"),
        "edge_node_id": needed(document, "PublisherId"),
        "sensor_count": len({name for payload in fields for name in payload}),
        "data_points_received": sum(len(payload) for payload in fields),
        "connection_state": "Connected" if fields else "Disconnected",
        "auth_method": document.get("AuthMethod"),
        "protocol_violations": sum(later <= earlier for seen in numbers.values() for earlier, later in pairwise(seen)),
    }


def kserve(document: Mapping[str, Any]) -> Iterator[Row]:
    """A CloudEvent `org.kubeflow.serving.inference.response` around an answer of the open inference protocol (V2).

    ``parameters`` of the answer name what the protocol has no place for: node, input hash, latency and physics check.
    """
    if document.get("type") != "org.kubeflow.serving.inference.response":
        return
    answer = document.get("data")
    said = at(answer, "parameters")
    outputs = at(answer, "outputs")
    confidence = next((at(one, "data") for one in items(outputs) if one.get("name") == "confidence"), None)
    yield {
        "ts": needed(document, "time"),
        "id": document.get("id"),
        "edge_node_id": first((at(said, "node"), document.get("source"))),
        "model_version": f"{needed(answer, 'model_name')}-v{at(answer, 'model_version') or 'unknown'}",
        "input_hash": needed(said, "input_sha256"),
        "output_hash": hashlib.sha256(orjson.dumps(outputs)).hexdigest(),
        "physics_check_result": first((at(said, "physics_check"), "SKIP")),
        "confidence_score": confidence[0] if isinstance(confidence, list) and confidence else confidence,
        "inference_latency_ms": needed(said, "latency_ms"),
    }


def opa(document: Mapping[str, Any]) -> Iterator[Row]:
    """A decision of a physics policy: it passes if ``result.allow`` is true, and an error is no pass."""
    error = document.get("error")
    yield {
        "ts": needed(document, "timestamp"),
        "id": document.get("decision_id"),
        "edge_node_id": first((at(document, "labels.node"), at(document, "labels.id"))),
        "constraint_id": needed(document, "path"),
        "check_result": "PASS" if at(document, "result.allow") is True else "FAIL",
        "latency_ms": round(float(at(document, "metrics.timer_server_handler_ns") or 0) / 1_000_000),
        "error_state": str(first((at(error, "code"), "NONE"))).upper(),
        "input_hash": needed(document, "input.sha256"),
    }
