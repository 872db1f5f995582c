"""Trigger payloads as the Functions host sends them to a worker; one builder per trigger kind."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Literal, Protocol

from starlette.requests import Request

from local.host.messages import TypedData

type DataType = Literal["binary", "string"]
type Payload = tuple[TypedData, dict[str, TypedData]]


class KafkaRecord(Protocol):
    """What is read from a consumed Kafka record; `timestamp` in milliseconds since the epoch."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class HubEvent(Protocol):
    """What is read from a received Event Hubs event."""

    @property
    def body(self) -> Any:
        """Bytes, chunks of bytes, or a decoded value."""

    @property
    def sequence_number(self) -> int | None:
        """Number in the partition."""

    @property
    def offset(self) -> str | None:
        """Position in the partition."""

    @property
    def partition_key(self) -> bytes | None:
        """The sender's key."""

    @property
    def enqueued_time(self) -> datetime | None:
        """When the hub accepted it."""

    @property
    def properties(self) -> Mapping[Any, Any]:
        """The sender's properties."""


def as_json(value: Any) -> TypedData:
    """A JSON datum."""
    return TypedData(json=json.dumps(value))


def as_string(value: str) -> TypedData:
    """A string datum."""
    return TypedData(string=value)


def as_time(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds, as .NET's extensions write it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "replace")


def _kafka_headers(record: KafkaRecord) -> list[dict[str, str]]:
    return [{"Key": name, "Value": base64.b64encode(value or b"").decode()} for name, value in record.headers]


def _kafka_time(record: KafkaRecord) -> str:
    return as_time(datetime.fromtimestamp(max(record.timestamp, 0) / 1000, UTC))


def _kafka_envelope(record: KafkaRecord) -> str:
    """The JSON record that a string parameter receives in place of the bare value."""
    return json.dumps(
        {
            "Key": _text(record.key),
            "Offset": record.offset,
            "Partition": record.partition,
            "Topic": record.topic,
            "Headers": _kafka_headers(record),
            "Timestamp": _kafka_time(record),
            "Value": _text(record.value),
            "LeaderEpoch": None,
            "IsPartitionEOF": False,
        }
    )


def kafka_one(record: KafkaRecord, data_type: DataType) -> Payload:
    """One Kafka record for a function of cardinality ONE."""
    value = TypedData(bytes=record.value or b"") if data_type == "binary" else TypedData(string=_kafka_envelope(record))
    key = _text(record.key)
    return value, ({} if key is None else {"Key": as_string(key)}) | {
        "Partition": as_json(record.partition),
        "Offset": as_json(record.offset),
        "Topic": as_string(record.topic),
        "Timestamp": as_json(_kafka_time(record)),
        "Headers": as_json(_kafka_headers(record)),
        "LeaderEpoch": as_json(None),
        "IsPartitionEOF": as_json(False),
    }


def kafka_many(records: Sequence[KafkaRecord], data_type: DataType) -> Payload:
    """A batch of Kafka records for a function of cardinality MANY."""
    if data_type == "binary":
        value = TypedData(collection_bytes=SimpleNamespace(bytes=[record.value or b"" for record in records]))
    else:
        value = TypedData(collection_string=SimpleNamespace(string=[_kafka_envelope(record) for record in records]))
    return value, {
        "KeyArray": as_json([_text(record.key) for record in records]),
        "PartitionArray": as_json([record.partition for record in records]),
        "OffsetArray": TypedData(collection_sint64=SimpleNamespace(sint64=[record.offset for record in records])),
        "TopicArray": TypedData(collection_string=SimpleNamespace(string=[record.topic for record in records])),
        "TimestampArray": as_json([_kafka_time(record) for record in records]),
        "HeadersArray": as_json([_kafka_headers(record) for record in records]),
    }


def _hub_body(event: HubEvent) -> bytes:
    body = event.body
    if isinstance(body, bytes):
        return body
    # A data event arrives in one or more sections; value and sequence events are not bytes and are sent as JSON text.
    try:
        return b"".join(body)
    except TypeError:
        return json.dumps(body, default=str).encode()


def _hub_system_properties(event: HubEvent) -> dict[str, Any]:
    return {
        "SequenceNumber": event.sequence_number,
        "Offset": event.offset,
        "PartitionKey": _text(event.partition_key),
        "EnqueuedTimeUtc": as_time(event.enqueued_time) if event.enqueued_time else None,
    }


def _hub_properties(event: HubEvent) -> dict[str, Any]:
    return {
        name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name): _text(value)
        if isinstance(value, bytes)
        else value
        for name, value in (event.properties or {}).items()
    }


def hub_one(event: HubEvent, partition_id: str) -> Payload:
    """One Event Hubs event for a function of cardinality ONE."""
    system = _hub_system_properties(event)
    return TypedData(bytes=_hub_body(event)), {
        "SystemProperties": as_json(system),
        "Properties": TypedData(json=json.dumps(_hub_properties(event), default=str)),
        "SequenceNumber": as_json(system["SequenceNumber"]),
        "Offset": as_string(str(system["Offset"])),
        "PartitionKey": as_string(system["PartitionKey"] or ""),
        "EnqueuedTimeUtc": as_json(system["EnqueuedTimeUtc"]),
        "PartitionContext": as_json({"PartitionId": partition_id}),
    }


def hub_many(events: Sequence[HubEvent], partition_id: str) -> Payload:
    """A batch of Event Hubs events of one partition for a function of cardinality MANY."""
    return TypedData(collection_bytes=SimpleNamespace(bytes=[_hub_body(event) for event in events])), {
        "SystemPropertiesArray": as_json([_hub_system_properties(event) for event in events]),
        "PropertiesArray": TypedData(json=json.dumps([_hub_properties(event) for event in events], default=str)),
        "SequenceNumberArray": as_json([event.sequence_number for event in events]),
        "PartitionContext": as_json({"PartitionId": partition_id}),
    }


def timer(*, last: datetime, next_run: datetime, updated: datetime, past_due: bool) -> TypedData:
    """A timer's tick with its schedule status."""
    status = {"Last": as_time(last), "Next": as_time(next_run), "LastUpdated": as_time(updated)}
    return as_json({"Schedule": {"AdjustForDST": True}, "ScheduleStatus": status, "IsPastDue": past_due})


def http_request(request: Request, body: bytes) -> TypedData:
    """An HTTP request; names that occur more than once in headers or query have their values joined by a comma."""
    return TypedData(
        http=SimpleNamespace(
            method=request.method,
            url=str(request.url),
            headers=_joined(request.headers.items()),
            query=_joined(request.query_params.multi_items()),
            params={name: str(value) for name, value in request.path_params.items()},
            body=TypedData(bytes=body),
        )
    )


def _joined(items: Iterable[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in items:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined
