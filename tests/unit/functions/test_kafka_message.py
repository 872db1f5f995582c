"""A Kafka event as the Functions worker makes it becomes the message that the product handles."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from azure.functions.kafka import KafkaTriggerConverter
from azure.functions.meta import Datum

from functions.kafka_message import read
from shared.bus.received import Received

HEADERS = [[{"Key": "h", "Value": "/w=="}, {"Key": "empty", "Value": None}], []]


AT = "2026-11-20T08:00:00Z"


def delivered(keys: list[str | None]) -> Any:
    """What the worker's own converter makes of a batch."""
    metadata = {
        "KeyArray": Datum(json.dumps(keys), "json"),
        "PartitionArray": Datum("[1, 2]", "json"),
        "OffsetArray": Datum(SimpleNamespace(sint64=[7, 8]), "collection_sint64"),
        "TopicArray": Datum(SimpleNamespace(string=["alerts.raw"] * 2), "collection_string"),
        "TimestampArray": Datum(json.dumps([AT] * 2), "json"),
        "HeadersArray": Datum(json.dumps(HEADERS), "json"),
    }
    bodies = Datum(SimpleNamespace(bytes=[b"one", b"two"]), "collection_bytes")
    return KafkaTriggerConverter.decode(bodies, trigger_metadata=metadata)


def test_messages_of_a_batch_keep_their_own_key_headers_and_place() -> None:
    assert [read(event) for event in delivered(["a-1", None])] == [
        Received("alerts.raw", b"one", "a-1", {"h": b"\xff", "empty": b""}, partition=1, offset=7, timestamp=AT),
        Received("alerts.raw", b"two", None, {}, partition=2, offset=8, timestamp=AT),
    ]


@pytest.mark.parametrize("key", ["a-1", None])
def test_single_message_keeps_its_key_headers_and_place(key: str | None) -> None:
    metadata = {
        **({} if key is None else {"Key": Datum(key, "string")}),
        "Partition": Datum("1", "json"),
        "Offset": Datum("7", "json"),
        "Topic": Datum("alerts.raw", "string"),
        "Timestamp": Datum(json.dumps(AT), "json"),
        "Headers": Datum(json.dumps(HEADERS[0]), "json"),
    }
    event: Any = KafkaTriggerConverter.decode(Datum(b"one", "bytes"), trigger_metadata=metadata)
    assert read(event) == Received(
        "alerts.raw", b"one", key, {"h": b"\xff", "empty": b""}, partition=1, offset=7, timestamp=AT
    )
