"""Whatever stands in an alert's entities: bounded entities that can be sent and stored, and no error at all."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.contracts.entity import AlertEntities
from shared.parsing import parse_alert_entities
from tests.fuzz.bounds import check_entities


def parse(entities: Any) -> AlertEntities:
    text = entities if isinstance(entities, str) else json.dumps(entities)
    found = parse_alert_entities(text, {})
    check_entities(found)
    return found


def values(found: AlertEntities) -> list[str]:
    return [entity.primary_value for entity in found.all()]


IP = {"Type": "ip", "Address": "192.0.2.1"}
IDS = st.sampled_from(["1", "2", "3"])
TYPES = st.sampled_from(["account", "host", "ip", "file", "process", "url", "dns", "filehash", "mailbox", "malware"])
KEYS = st.sampled_from([
    "$id", "$ref", "Type", "HostName", "Name", "Address", "Value", "ProcessId", "Host", "ImageFile", "ParentProcess",
    "Files", "IpAddresses", "FileHashes",
])  # fmt: skip
REFERENCES = st.builds(lambda target: {"$ref": target}, IDS)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=()))
NODES = st.dictionaries(KEYS, IDS | TYPES | REFERENCES | st.lists(REFERENCES, max_size=2) | SCALARS, max_size=6)


@given(nodes=st.lists(NODES, max_size=6))
@example(nodes=[{"$id": "1", "$ref": "1", "Type": "process", "ParentProcess": {"$ref": "1"}}])
@settings(max_examples=200)
def test_any_graph_of_cyclic_dangling_and_repeated_ids_gives_bounded_entities(nodes: list[Any]) -> None:
    parse(nodes)


@given(
    text=st.text(st.characters(exclude_categories=()), max_size=200), start=st.sampled_from(["", "[", '[{"Type":"ip",'])
)
@example(text='[{"Type": "ip", "Address": "\ud800', start="")
@example(text="fe80::1%\x00x and ::1%\x1b[31m", start="")
@settings(max_examples=200)
def test_any_text_gives_bounded_entities(text: str, start: str) -> None:
    parse(start + text)
    check_entities(parse_alert_entities("", {"Description": start + text}))


def test_dangling_reference_and_duplicate_id_lose_no_other_entity() -> None:
    nodes = [
        {"$id": "1", "Type": "process", "ProcessId": "1", "ImageFile": {"$ref": "99"}},
        {"$id": "1", "Type": "host", "HostName": "ws-1"},
        IP,
    ]
    found = parse(nodes)
    assert values(found) == ["ws-1", "192.0.2.1", "1"]
    assert len(found.parse_errors) == 2


@pytest.mark.parametrize("wrong", [None, True, 7, 1e308, [], {}, [[]], {"a": 1}], ids=repr)
@pytest.mark.parametrize("field", ["Type", "$id", "$ref", "Address", "Host"])
def test_value_of_another_type_loses_at_most_its_own_entity(field: str, wrong: Any) -> None:
    assert "192.0.2.1" in values(parse([{"Type": "ip", "Address": "192.0.2.2", field: wrong}, IP]))


@pytest.mark.parametrize(
    "text",
    [
        '[{"Type":"ip","Address":"192.0.2.1"},{"Type":"malware","Name":NaN},{"Type":"malware","Name":-Infinity}]',
        '\ufeff[{"Type":"ip","Address":"192.0.2.1"}]',
        '[{"Type":"ip","Address":"192.0.2.1","X":"\\ud800"}]',
        '[{"Type":"ip","Address":"192.0.2.1"},{"Type":"malware","Name":"a\\u0000b"}]',
        '[{"Type":"ip","Address":"192.0.2.1"},{"Type":"host","HostName":"cut o',
        '[{"Type":"ip","Address":"192.0.2.1"}] and more',
    ],
    ids=["NaN", "BOM", "lone surrogate", "NUL", "truncated", "trailing text"],
)
def test_entity_beside_invalid_json_values_is_found(text: str) -> None:
    assert "192.0.2.1" in values(parse(text))


@pytest.mark.parametrize("depth", [65, 10_000, 500_000])
@pytest.mark.parametrize(
    ("opening", "closing"), [("[", "]"), ('{"Host":', "}"), ('[{"Type":"process","ParentProcess":', "}]")]
)
def test_bottomless_nesting_ends(opening: str, closing: str, depth: int) -> None:
    found = parse(opening * depth + "{}" + closing * depth)
    assert found.parse_errors


def test_json_encoded_again_and_again_ends() -> None:
    text = json.dumps([IP])
    while len(text) < 500_000:
        text = json.dumps([text])
    parse(text)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([{"$id": str(n), "Type": "process", "ParentProcess": {"$ref": str(n + 1)}} for n in range(100_000)]),
        json.dumps([{"$ref": "1"}] * 500_000),
        "[" + ",".join(f'{{"Type":"malware","Name":"{n}"}}' for n in range(300_000)) + "]",
        "." * 10_000_000,
        '{"' * 5_000_000,
        '["' + "a.b/" * 2_500_000 + '"]',
        "hxxp://" * 1_400_000,
        "[::" * 3_300_000,
    ],
    ids=["long chain", "references", "entities", "dots", "braces", "long string", "schemes", "colons"],
)
def test_ten_megabytes_end_in_bounded_entities(text: str) -> None:
    parse(text)
    check_entities(parse_alert_entities("", {"Description": text}))
