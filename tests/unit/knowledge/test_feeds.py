"""Feeds of indicators: what is learnt of them, and what is reported instead."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from shared.knowledge.feeds import Read, Rejected, read_json, read_lines
from shared.knowledge.indicators import Indicator

SHA256 = "a" * 64


def learnt(found: Iterator[Read]) -> list[tuple[str, str]]:
    return [(one.type, one.value) for one in found if isinstance(one, Indicator)]


def stix(**fields: Any) -> str:
    indicator = {"type": "indicator", "id": "indicator--1", "pattern_type": "stix", **fields}
    return json.dumps({"type": "bundle", "id": "bundle--1", "objects": [indicator]})


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("203.0.114[.]7", ("ip", "203.0.114.7")),
        ("hxxps://Evil[.]test/Path?q=1", ("url", "https://Evil.test/Path?q=1")),
        ("EVIL(dot)test  # seen in May", ("dns", "evil.test")),
        ("bob[at]evil.test", ("mailbox", "bob@evil.test")),
        (SHA256.upper(), ("filehash", SHA256)),
        ("2a00:1450:4001:81b::200e", ("ip", "2a00:1450:4001:81b::200e")),
    ],
)
def test_line_is_made_whole_and_told_apart(line: str, expected: tuple[str, str]) -> None:
    assert learnt(read_lines([line], source="f")) == [expected]


@pytest.mark.parametrize(
    "line",
    [
        *(
            "8.8.8.8",
            "10.0.0.1",
            "127.0.0.1",
            "0.0.0.0",
            "google.com",
            "https://www.google.com",
            "d41d8cd98f00b204e9800998ecf8427e",
        ),
        *("nonsense", "1.2.3", "a" * 63, "<script>", "\x00", "....", "999.1.1.1"),
    ],
)
def test_value_that_matches_everybody_or_nothing_is_reported(line: str) -> None:
    (found,) = read_lines([line], source="f")
    assert isinstance(found, Rejected)
    assert found.where == "line 1"


def test_feed_without_end_is_read_line_by_line_with_its_junk() -> None:
    lines = (f"host-{number}.evil.test" if number % 10 else "no indicator" for number in itertools.count())
    found = list(itertools.islice(read_lines(lines, source="f"), 1_000))
    assert [one.where for one in found if isinstance(one, Rejected)] == [f"line {n * 10 + 1}" for n in range(100)]


def test_stix_choice_of_values_is_learnt_with_its_confidence() -> None:
    text = stix(pattern=f"[ipv4-addr:value = '203.0.114.7' OR file:hashes.'SHA-256' = '{SHA256}']", confidence=85)
    found = list(read_json(text, source="f"))
    assert learnt(iter(found)) == [("ip", "203.0.114.7"), ("filehash", SHA256)]
    assert {one.confidence for one in found if isinstance(one, Indicator)} == {85}


@pytest.mark.parametrize(
    "fields",
    [
        {"pattern": "[ipv4-addr:value = '203.0.114.7' AND domain-name:value = 'evil.test']"},
        {"pattern": "[ipv4-addr:value = '203.0.114.7'] FOLLOWEDBY [domain-name:value = 'evil.test']"},
        {"pattern": "[ipv4-addr:value != '203.0.114.7']"},
        {"pattern": "[domain-name:value LIKE '%']"},
        {"pattern": "[process:name = 'x.exe']"},
        {"pattern": "rule x { condition: true }", "pattern_type": "yara"},
        {"pattern": "[domain-name:value = 'evil.test']", "revoked": True},
        {"pattern": "[domain-name:value = 'evil.test']", "valid_until": "2020-01-01T00:00:00Z"},
        {"pattern": "[ipv4-addr:value = '8.8.8.8']"},
        {"pattern": "[domain-name:value = 'x AND y']"},
        {"pattern": None},
    ],
)
def test_stix_indicator_that_one_value_does_not_say_is_reported(fields: dict[str, Any]) -> None:
    found = list(read_json(stix(**fields), source="f"))
    assert found
    assert all(isinstance(one, Rejected) for one in found)


def test_stix_word_and_inside_a_value_is_a_value() -> None:
    assert learnt(read_json(stix(pattern="[url:value = 'http://evil.test/this-AND-that']"), source="f")) == [
        ("url", "http://evil.test/this-AND-that")
    ]


def test_bundle_with_cycles_is_read_once() -> None:
    bundle = json.loads(stix(pattern="[domain-name:value = 'evil.test']"))
    for source, target in (("indicator--1", "grouping--1"), ("grouping--1", "indicator--1")):
        bundle["objects"].append({"type": "relationship", "source_ref": source, "target_ref": target})
    bundle["objects"].append({"type": "grouping", "id": "grouping--1", "object_refs": ["grouping--1", "indicator--1"]})
    assert learnt(read_json(json.dumps(bundle), source="f")) == [("dns", "evil.test")]


def test_misp_attributes_for_detection_are_learnt_also_of_objects_and_pairs() -> None:
    event = {
        "Attribute": [
            {"type": "ip-dst", "value": "203.0.114.7", "to_ids": True},
            {"type": "domain", "value": "context.test", "to_ids": False},
            {"type": "filename|sha256", "value": f"x.exe|{SHA256}", "to_ids": True},
            {"type": "vulnerability", "value": "CVE-2026-1", "to_ids": True},
            "junk",
        ],
        "Object": [{"Attribute": [{"type": "url", "value": "hxxp://evil[.]test/a", "to_ids": True}]}],
    }
    found = list(read_json(json.dumps({"response": [{"Event": event}]}), source="f"))
    assert learnt(iter(found)) == [("ip", "203.0.114.7"), ("filehash", SHA256), ("url", "http://evil.test/a")]
    assert [one.where for one in found if isinstance(one, Rejected)] == ["event 0 attribute 3"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"type": "bundle"', "[" * 100_000, '{"Event": 1}'])
def test_file_that_is_no_feed_is_reported(text: str) -> None:
    (found,) = read_json(text, source="f")
    assert isinstance(found, Rejected)
