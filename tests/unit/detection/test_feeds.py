"""Each format of local/samples/telemetry becomes rows that its table takes; what is broken is refused by name."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.detection.feeds.catalogue import FEEDS, convert
from shared.detection.telemetry import read_row
from shared.detection.telemetry_rows import COLUMNS
from shared.errors import InvalidInput

SAMPLES = Path(__file__).parents[3] / "local/samples/telemetry"
TENANT = "northlight"
# The first row of each sample, without what is the same in all.
FIRST: dict[str, dict[str, Any]] = {
    "databricks": {
        "user_id": "s.moreau@northlight.example",
        "action": "deltaTableWrite",
        "target_resource": "training.pump_failure.labels",
        "source_ip": "10.28.0.11",
        "workspace_id": "4111222233334444",
    },
    "otel-genai": {
        "user_id": "a.keller@northlight.example",
        "session_id": "conv-77",
        "query_text": "Why did unit 4 trip yesterday?",
        "tool_calls_made": [{"name": "query_readings"}],
        "safety_filter_triggered": False,
        "token_count": 41,
    },
    "kserve": {
        "edge_node_id": "edge-northlight-01",
        "model_version": "pump-failure-v7",
        "physics_check_result": "PASS",
        "confidence_score": 0.91,
        "inference_latency_ms": 84,
    },
    "opa": {"constraint_id": "physics/mass_balance", "check_result": "PASS", "latency_ms": 58, "error_state": "NONE"},
    "mlflow": {
        "user_id": "e.novak@northlight.example",
        "action": "stage_transition",
        "stage": "production",
        "model_version": "8",
        "approved_by": "f.rossi@northlight.example",
    },
    "github-actions": {
        "pipeline_id": "northlight/pump-failure/build",
        "dependency_changes": "added pip:orjson 3.13.0",
        "tests_passed": 412,
        "tests_failed": 0,
        "deployer": "e-novak",
    },
    "api-management": {
        "caller_identity": "e.novak@northlight.example",
        "endpoint": "get-weights",
        "response_payload_size": 104857600,
    },
    "opcua": {
        "sensor_count": 3,
        "data_points_received": 4,
        "connection_state": "Connected",
        "auth_method": "certificate",
        "protocol_violations": 1,
    },
    "envoy": {
        "partner_id": "weather-partner",
        "direction": "outbound",
        "payload_size": 20480,
        "mtls_verified": True,
    },
    "otel-host": {
        "edge_node_id": "edge-northlight-01",
        "active_connections": 18,
        "cpu_utilisation": 35.0,
        "memory_utilisation": 55.0,
        "boot_attestation": "ok",
    },
}
COUNTS = {"databricks": 2, "otel-genai": 2, "opa": 2, "mlflow": 2, "api-management": 2, "envoy": 2}


def sample(name: str) -> bytes:
    (path,) = SAMPLES.glob(f"{name}.json*")
    return path.read_bytes()


def test_every_table_has_a_format_and_every_format_a_sample() -> None:
    assert sorted(feed.table for feed in FEEDS.values()) == sorted(COLUMNS)
    assert {path.stem for path in SAMPLES.glob("*.json*")} == set(FEEDS) == set(FIRST)


@pytest.mark.parametrize("name", FEEDS)
def test_sample_becomes_rows_that_its_table_takes(name: str) -> None:
    converted = convert(name, sample(name), TENANT)
    assert converted.refused == []
    assert len(converted.rows) == COUNTS.get(name, 1)
    for row in converted.rows:
        assert datetime.fromisoformat(row["ts"]).tzinfo is not None
        assert not set(row) - {*COLUMNS[converted.table], "id"}
        read = read_row(converted.table, {**row, "ts": datetime.now(UTC)}, origin="a test")
        assert read.tenant_id == TENANT
    assert FIRST[name].items() <= converted.rows[0].items()


def test_what_the_second_rows_of_the_samples_say() -> None:
    asked, checked, call, partner = (
        convert(name, sample(name), TENANT).rows[1] for name in ("otel-genai", "opa", "api-management", "envoy")
    )
    assert asked["safety_filter_triggered"] is True
    assert (checked["check_result"], checked["error_state"]) == ("FAIL", "EVAL_CANCEL_ERROR")
    assert call["caller_identity"] == "anonymous 198.51.100.23"
    assert partner["mtls_verified"] is False


def test_document_cannot_name_another_tenant() -> None:
    document = json.loads(sample("kserve"))
    document["tenant_id"] = document["data"]["tenant_id"] = "southport"
    assert {row["tenant_id"] for row in convert("kserve", json.dumps(document).encode(), TENANT).rows} == {TENANT}


def test_document_without_what_its_table_needs_is_refused_and_the_others_are_kept() -> None:
    good = json.loads(sample("kserve"))
    bad = {**good, "data": {"model_name": "pump-failure"}}
    converted = convert("kserve", json.dumps([bad, good]).encode(), TENANT)
    assert len(converted.rows) == 1
    assert converted.refused[0].startswith("document 1: ")


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"\xff\xfe", b'"text"'])
@pytest.mark.parametrize("name", FEEDS)
def test_body_that_holds_no_objects_is_refused(name: str, body: bytes) -> None:
    with pytest.raises(InvalidInput):
        convert(name, body, TENANT)


def test_unknown_format_is_named_with_those_that_there_are() -> None:
    with pytest.raises(InvalidInput, match="otel-genai"):
        convert("syslog", b"{}", TENANT)


SPOILT: tuple[Any, ...] = (None, "", "word", -1, 1e308, [], [[1]], {}, {"a": {}}, True)


def _places(document: Any) -> Iterator[tuple[Any, ...]]:
    """The path to every value of a document."""
    pairs = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in pairs:
        yield (key,)
        yield from ((key, *rest) for rest in _places(value))


def _with(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = document.copy()
    copy[path[0]] = _with(document[path[0]], path[1:], value)
    return copy


@pytest.mark.parametrize("name", FEEDS)
def test_document_with_anything_in_place_of_a_field_ends_in_rows_or_a_refusal(name: str) -> None:
    text = sample(name)
    found = json.loads(text.splitlines()[0] if name in {"databricks", "envoy"} else text)
    document = found[0] if isinstance(found, list) else found
    for path in _places(document):
        for value in SPOILT:
            converted = convert(name, json.dumps(_with(document, path, value)).encode(), TENANT)
            assert len(converted.refused) <= 1
