"""Indicators in free text: what comes out, and what must not."""

import pytest

from shared.parsing.collection import Collection
from shared.parsing.indicators import find_indicators

SHA256, SHA1, MD5 = "a1" * 32, "b2" * 20, "c3" * 16


def found_in(text: str) -> list[str]:
    found = Collection()
    find_indicators(text, found, where="text")
    return [entity.primary_value for entity in found.build().all()]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("from 203.0.113.9, twice", "203.0.113.9"),
        ("to 203.0.113.9:443", "203.0.113.9"),
        ("in 198.51.100.0/24", "198.51.100.0"),
        ("at 203[.]0[.]113[.]9.", "203.0.113.9"),
        ("at [2001:db8::5]", "2001:db8::5"),
        ("asked for evil.example.", "evil.example"),
        ("evil[.]example", "evil.example"),
        ("evil(dot)example", "evil.example"),
        ("EVIL.EXAMPLE", "evil.example"),
        ("www.run.sh", "www.run.sh"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("see hxxps://evil[.]example/a(b)?c=1,2.", "https://evil.example/a(b)?c=1,2"),
        ("(http://evil.example/x)", "http://evil.example/x"),
        ("hxxp[:]//evil.example/x", "http://evil.example/x"),
        ("mail bob@corp.example now", "bob@corp.example"),
        ("mail bob[at]corp[.]example now", "bob@corp.example"),
        (f"hash {SHA256}", SHA256),
        (f"sha1:{SHA1.upper()}", SHA1),
        (f"({MD5})", MD5),
    ],
)
def test_indicator_is_found_once_and_alone(text: str, value: str) -> None:
    assert found_in(text) == [value]


@pytest.mark.parametrize(
    "text",
    [
        "setup.exe invoice.pdf run.sh script.py main.rs readme.md archive.zip",
        "version 10.0.1.2 and v 1.2.3.4 and 1.2.3.4.5 and 10.0.19041.1",
        "System.Net ASP.NET node.js std::vector a::b",
        "12:30:45 00:00:5e:00:53:07 2026-11-20T08:14:22Z",
        "C:\\Windows\\System32\\evil.com /usr/lib/libc.so ../a.b",
        f"{SHA256}ff {'a' * 127} 300.1.1.1 999.999.999.999",
        "end of sentence.Next one e.g. this i.e. that",
        "@ @. a@b .example -.example ::",
    ],
)
def test_lookalike_gives_nothing(text: str) -> None:
    assert found_in(text) == []


def test_text_too_long_is_searched_to_its_bound_and_said_so() -> None:
    found = Collection()
    find_indicators("203.0.113.9 " + "x" * 300_000 + " 203.0.113.10", found, where="text")
    entities = found.build()
    assert entities.raw_iocs == ["203.0.113.9"]
    assert "only the first 262144" in entities.parse_errors[0]
