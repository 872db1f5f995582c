"""Indicators in free text: what comes out, what must not, and what is said about the rest."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.entity import AlertEntities, NormalizedEntity
from shared.parsing.allowance import Allowance
from shared.parsing.collection import Collection
from shared.parsing.indicators import SCAN_LIMIT, find_indicators
from tests.benchmarks import hostile

SHA512, SHA256, SHA1, MD5 = "d4" * 64, "a1" * 32, "b2" * 20, "c3" * 16


def entities_in(text: str) -> AlertEntities:
    found = Collection()
    find_indicators(text, found, where="text")
    return found.build()


def found_in(text: str) -> list[str]:
    return [entity.primary_value for entity in entities_in(text).all()]


def only_entity_in(text: str) -> NormalizedEntity:
    (entity,) = entities_in(text).all()
    return entity


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("from 203.0.113.9, twice", "203.0.113.9"),
        ("to 203.0.113.9:443", "203.0.113.9"),
        ("in 198.51.100.0/24", "198.51.100.0"),
        ("at 203[.]0[.]113[.]9.", "203.0.113.9"),
        ("at [2001:db8::5]", "2001:db8::5"),
        ("mapped ::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        ("asked for evil.example.", "evil.example"),
        ("evil[.]example", "evil.example"),
        ("evil(dot)example", "evil.example"),
        ("evil [.] example", "evil.example"),
        ("evil\\.example", "evil.example"),
        ("evil dot com", "evil.com"),
        ("EVIL.EXAMPLE", "evil.example"),
        ("www.run.sh", "www.run.sh"),
        ("run[.]sh", "run.sh"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("see hxxps://evil[.]example/a(b)?c=1,2.", "https://evil.example/a(b)?c=1,2"),
        ("(http://evil.example/x)", "http://evil.example/x"),
        ("hxxp[:]//evil.example/x", "http://evil.example/x"),
        ("hxxp[s]://evil.example/x", "https://evil.example/x"),
        ("http:\\/\\/evil.example\\/x", "http://evil.example/x"),
        ("wss://[2001:db8::1]:8443/x", "wss://[2001:db8::1]:8443/x"),
        ("evil.example/gate.php", "evil.example/gate.php"),
        ("mail bob@corp.example now", "bob@corp.example"),
        ("mail bob[at]corp[.]example now", "bob@corp.example"),
        ("mail bob at corp dot com now", "bob@corp.com"),
        (f"hash {SHA256}", SHA256),
        (f"sha1:{SHA1.upper()}", SHA1),
        (f"({MD5})", MD5),
        (f"sha512={SHA512}", SHA512),
        ("exploits cve-2021-44228", "CVE-2021-44228"),
        ("from ASN 64501", "AS64501"),
        ("user CORP\\svc-backup", "svc-backup"),
        ("as S-1-5-21-1-2-3-500", "S-1-5-21-1-2-3-500"),
        ("key HKLM\\Software\\Run was set", "HKLM\\Software\\Run"),
        ("on host WS-0147", "WS-0147"),
        ("Computer: DC-02", "DC-02"),
        ("joined as DESKTOP-4F2K9QX", "DESKTOP-4F2K9QX"),
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
        "12:30:45 00:00:5e:00:53:07 2026-11-20T08:14:22Z 50:06:01:60:3b:a0:12:34",
        "../a.b src\\main.c and/or 24/7 GET /home/index.html HTTP/1.1",
        f"{SHA256}ff {'a' * 127} 300.1.1.1 999.999.999.999 OID 2.5.29.37",
        "end of sentence.Next one e.g. this i.e. that",
        "@ @. a@b .example -.example ::",
        "com.example.mobile.app self.name() e.data.host Main.run(1)",
        "the host was patched, server 2019, each machine rebooted",
        "co.uk and com.br are public suffixes",
    ],
)
def test_lookalike_gives_nothing(text: str) -> None:
    assert found_in(text) == []


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("C:\\Windows\\System32\\evil.com ran", "C:\\Windows\\System32\\evil.com"),
        ('"C:\\Program Files (x86)\\A B\\c d.exe" -k', "C:\\Program Files (x86)\\A B\\c d.exe"),
        ("copied C:\\\\Users\\\\ann\\\\a.dll,Start", "C:\\Users\\ann\\a.dll"),
        ("to %TEMP%\\x.exe and back", "%TEMP%\\x.exe"),
        ("in C:\\Temp and then gone", "C:\\Temp"),
        ("reads /etc/passwd.", "/etc/passwd"),
        ("reads ~/.ssh/id_rsa", "~/.ssh/id_rsa"),
    ],
)
def test_path_ends_where_the_sentence_goes_on(text: str, path: str) -> None:
    entity = only_entity_in(text)
    assert entity.entity_type == "file"
    assert entity.properties["full_path"] == path
    assert entity.properties["full_path"].endswith(entity.primary_value)


def test_share_names_its_host_and_its_file() -> None:
    found = entities_in("from \\\\FS-07\\it$\\m.exe to \\\\10.0.0.4\\x\\y")
    assert [host.primary_value for host in found.hosts] == ["FS-07"]
    assert [address.primary_value for address in found.ips] == ["10.0.0.4"]
    assert [file.properties["full_path"] for file in found.files] == ["\\\\FS-07\\it$\\m.exe", "\\\\10.0.0.4\\x\\y"]


@pytest.mark.parametrize(
    ("text", "value", "properties"),
    [
        ("fe80::1%eth0", "fe80::1", {"zone_id": "eth0"}),
        ("2001:db8::/32", "2001:db8::", {"prefix_length": "32"}),
        ("10.0.0.0/8", "10.0.0.0", {"prefix_length": "8"}),
        ("bücher.example", "bücher.example", {"a_label": "xn--bcher-kva.example"}),
        ("\u0440\u0430ypal.example", "\u0440\u0430ypal.example", {"a_label": "xn--ypal-43d9g.example"}),
        (SHA512, SHA512, {"algorithm": "sha512"}),
    ],
)
def test_everything_but_the_value_is_a_property(text: str, value: str, properties: dict[str, str]) -> None:
    entity = only_entity_in(text)
    assert (entity.primary_value, entity.properties) == (value, properties)


def test_indicator_inside_another_is_not_one_of_its_own() -> None:
    assert found_in("https://a.example/?u=b.example&i=192.0.2.1 /var/log/c.example.log") == [
        "c.example.log",
        "https://a.example/?u=b.example&i=192.0.2.1",
    ]


def test_version_stays_one_where_nothing_says_so() -> None:
    assert found_in("version 1.2.3.4 is old; they still run 1.2.3.4") == []


def test_text_too_long_is_searched_up_to_the_bound_and_the_loss_is_recorded() -> None:
    entities = entities_in("203.0.113.9 " + "x" * SCAN_LIMIT + " 203.0.113.10")
    assert entities.raw_iocs == ["203.0.113.9"]
    assert f"only the first {SCAN_LIMIT}" in entities.parse_errors[0]


def test_url_too_long_is_cut_and_the_loss_is_recorded() -> None:
    entities = entities_in("http://a.example/" + "x" * 9_000)
    assert len(entities.urls[0].primary_value) == 2_048
    assert [line.partition(", ")[0] for line in entities.parse_errors] == [
        "text: 4921 bytes at 4096 were not searched",
        "text: url of 4096 characters or more",
    ]


def test_more_than_a_thousand_indicators_are_cut_to_the_bound_and_the_loss_is_recorded() -> None:
    entities = entities_in(" ".join(f"h{number}.example" for number in range(1_500)))
    assert len(entities.dns_records) == 1_000
    assert "were searched closely" in entities.parse_errors[0]


def test_texts_of_one_alert_share_an_allowance_and_the_rest_is_recorded_as_lost() -> None:
    found, allowance = Collection(), Allowance(words=200)
    for number in range(50):
        find_indicators(f"seen h{number}.example", found, where=f"text {number}", allowance=allowance)
    entities = found.build()
    assert 5 < len(entities.dns_records) < 50
    assert "text 49: 16 characters were not searched for indicators" in entities.parse_errors


def test_every_hostile_text_is_read_to_the_end_or_its_loss_is_on_the_record() -> None:
    for name, text in hostile.texts().items():
        entities = entities_in(f"{text[:200_000]}\n203.0.113.9")
        assert "203.0.113.9" in entities.raw_iocs or entities.parse_errors, name
        assert AlertEntities.from_json(entities.to_json()) == entities


fragments = st.sampled_from(
    [
        "hxxp",
        "://",
        "[.]",
        "(dot)",
        " at ",
        "@",
        ".",
        "com",
        "a",
        "1",
        ":",
        "::",
        "\\",
        "C:\\",
        "%A%",
        "/",
        "/tmp",
        "HKLM\\",
    ]
)


@given(text=st.lists(fragments | st.characters(), max_size=40).map("".join))
@settings(max_examples=300)
def test_any_fragments_give_a_message_that_can_be_sent(text: str) -> None:
    entities = entities_in(text)
    assert AlertEntities.from_json(entities.to_json()) == entities
