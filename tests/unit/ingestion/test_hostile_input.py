"""Whatever stands in a body: an alert, a counted row or one of our errors, and nothing is lost."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.samples import SAMPLES
from shared.bus.producer import MemoryProducer
from shared.contracts.alert import CanonicalAlert
from shared.contracts.alert_source import AlertSource, Siem
from shared.contracts.dead_letter import DeadLetter
from shared.errors import InvalidInput
from shared.ingestion import IngestReport, Intake
from shared.ingestion.adapter import Adapter, sentinel
from shared.ingestion.sources import adapter_of
from shared.parsing import parse_alert_entities

SENTINEL = sentinel("sentinel-alerts")
ELASTIC = adapter_of("elastic-prod", AlertSource(siem=Siem.ELASTIC, tenant="tenant-1"))
SPLUNK = adapter_of("splunk-prod", AlertSource(siem=Siem.SPLUNK, tenant="tenant-1"))
ADAPTERS = (SENTINEL, ELASTIC, SPLUNK)


def rows_of(name: str, *keys: str) -> list[Any]:
    body = json.loads((SAMPLES / name).read_bytes())
    for key in keys:
        body = body[key]
    return list(body) if isinstance(body, list) else [body]


ROWS: list[tuple[Adapter, Any]] = [
    *((SENTINEL, row) for row in rows_of("credential-dumping.json", "records")),
    *((SENTINEL, row) for row in rows_of("shapes/security-incident.json", "records")),
    *((SENTINEL, row) for row in rows_of("shapes/defender-xdr-stream.json", "records")),
    *((SENTINEL, row) for row in rows_of("shapes/graph-alerts-v2.json", "value")),
    *((SENTINEL, row) for row in rows_of("shapes/arm-alert.json")),
    *((ELASTIC, row) for row in rows_of("shapes/elastic-detection-alert.json", "alerts")),
    *((SPLUNK, row) for row in rows_of("shapes/splunk-notable.json")),
]
TEXTS = st.text(max_size=8) | st.sampled_from([
    "\ud800", "\x00", "NaN", "[]", "{}", '[{"Type": 7}]', "T1003", "Heartbeat", "2026-11-20T08:00:00Z", "1e999", "@",
    "\\", "x" * 3_000, "[" * 5_000,
])  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.sampled_from([2**63, -(2**70), 2**2_000])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything inside a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield (*path, name)
        yield from places(item, (*path, name))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    whole = copy.deepcopy(value)
    held = whole
    for name in path[:-1]:
        held = held[name]
    held[path[-1]] = new
    return whole


@st.composite
def broken_rows(draw: st.DrawFn) -> tuple[Adapter, Any]:
    adapter, row = draw(st.sampled_from(ROWS))
    for _ in range(draw(st.integers(1, 2))):
        row = replaced(row, draw(st.sampled_from(list(places(row)))), draw(VALUES))
    return adapter, row


def outcome(adapter: Adapter, row: Any) -> CanonicalAlert | str | None:
    """What becomes of one row; raises what no caller expects."""
    if reason := adapter.left_out(row):
        return reason
    try:
        return adapter.to_canonical(row)
    except InvalidInput as error:
        assert len(str(error)) < 2_000
        return None


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(broken_rows())
def test_any_value_in_any_field_gives_an_alert_or_our_error(broken: tuple[Adapter, Any]) -> None:
    found = outcome(*broken)
    if isinstance(found, CanonicalAlert):
        assert CanonicalAlert.from_json(found.to_json()) == found
        parse_alert_entities(found.entities_raw, found.raw_payload)


@settings(max_examples=200)
@given(st.sampled_from(ADAPTERS), VALUES)
def test_any_value_at_all_gives_an_alert_or_our_error(adapter: Adapter, row: Any) -> None:
    outcome(adapter, row)


async def take(adapter: Adapter, body: bytes) -> tuple[IngestReport, MemoryProducer]:
    producer = MemoryProducer()
    return await Intake(producer, adapter).ingest(body, headers={}), producer


@settings(max_examples=200)
@given(st.sampled_from(ADAPTERS), st.binary(max_size=64) | VALUES.map(lambda value: json.dumps(value).encode()))
async def test_any_body_is_accounted_for(adapter: Adapter, body: bytes) -> None:
    report, producer = await take(adapter, body)
    assert report.published == len(producer.on("alerts.raw"))
    assert report.dead_lettered == len(producer.on("alerts.raw.dlq"))


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe\x00",
        "{".encode("utf-16"),
        b"\xef\xbb\xbf",
        b'{"records": [' + b"[" * 10_000,
        b"[" * 1_000_000,
        b'{"a":' * 200_000,
        b"[" + b"{}," * 100_000 + b"{}]",
        b"\n".join([b'{"a": 1}'] * 100_000),
        b"x" * 10_000_000,
        b'{"value": {"a": 1}}',
        b'{"alerts": 7, "results": 7, "records": 7}',
    ],
    ids=lambda body: repr(body[:20]),
)
@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.name)
async def test_unreadable_body_is_complete_in_the_dead_letters(adapter: Adapter, body: bytes) -> None:
    report, producer = await take(adapter, body)
    dead_letters = [DeadLetter.from_json(message.value) for message in producer.on("alerts.raw.dlq")]
    assert b"".join(dead_letter.original for dead_letter in dead_letters) == body
    assert report == IngestReport(dead_lettered=1)


async def test_hopeless_line_is_kept_apart_from_the_one_before() -> None:
    lines = [b'{"event_id": "no time"}', b"[" * 900_000]
    report, producer = await take(SPLUNK, b"\n".join(lines))
    assert report == IngestReport(dead_lettered=2)
    dead_letters = [DeadLetter.from_json(message.value).original for message in producer.on("alerts.raw.dlq")]
    assert dead_letters[0] == lines[0]
    assert b"".join(dead_letters[1:]) == lines[1]


async def test_broken_line_leaves_its_neighbours_alone() -> None:
    row = json.dumps(ROWS[-1][1])
    report, producer = await take(SPLUNK, f'{row}\n\n{{"event_id": \n{row}\r\n'.encode())
    assert report == IngestReport(published=2, dead_lettered=1)
    (dead_letter,) = producer.on("alerts.raw.dlq")
    assert DeadLetter.from_json(dead_letter.value).original == b'{"event_id": '


async def test_last_of_equal_keys_counts_as_for_every_reader() -> None:
    report, producer = await take(ELASTIC, b'{"alerts": [1, 2], "alerts": [7], "kibana.alert.uuid": "x"}')
    assert report == IngestReport(dead_lettered=1)
    assert DeadLetter.from_json(producer.on("alerts.raw.dlq")[0].value).original == b"7"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
async def test_text_is_kept_from_every_encoding(encoding: str) -> None:
    text = json.dumps([ROWS[-1][1] | {"note": "Grüße \U0001f600"}], ensure_ascii=False)
    report, producer = await take(SPLUNK, text.encode(encoding))
    assert report == IngestReport(published=1)
    assert CanonicalAlert.from_json(producer.on("alerts.raw")[0].value).raw_text == text[1:-1]
