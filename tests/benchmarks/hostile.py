"""Inputs of a megabyte that are made to be slow, for the free text and for the entity JSON."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

MEGABYTE = 1_000_000
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
MIXED = "abcdefABCDEF0123456789"

REPEATED = (
    ".", "[", "]", "[.]", "(.", "((", "{.}a", "<.>a", "a[.]", "a.", "a@", "a@b.", "@", ":", "a:", "a::b", "%", "%a%",
    "a=b&",     "hxxp", "hxxp://", "|hxxp://", "|http://http://", "a__", "-dot-", "a-dot-", "aDOT", "aAT", "1.2.3.4.",
    "a.b.c.d.",
    "S-1",     "\\", "\\\\", "\\a\\b\\c", "\\n\\t", "HKLM\\x\\", "C:\\",
    "%a%\\", "~/a", "/tmp/", "/", "_", "-", "$", "'", '"',
    "CVE-",     "AS1", "ж", "😀", "\u201d", "\u200b", "\0", "\n", "\ud800",
)  # fmt: skip
# The last six were found by random search: each made some step look to the end of the text for every match.
PHRASES = (
    "a.b ", "a ", "a dot ", "a at ", "evil.com ", "version 1.2.3.4 ", "host a1 ", "a1, ", "HKLM\\x and ", "ж ", "ж.ж ",
    "The quick brown fox. Jumps over the lazy dog, again; ", "hxxp:// ", "C:\\a b and ", "CORP\\a b ", "http://h ",
    "/etc/a b ",
    "S-1-5-21-", "x.zip%", "fe80AS1&www.ASN", "http://evil.com!,", "% HKLM\\", "]HKLM\\and ",
)  # fmt: skip


def texts() -> dict[str, str]:
    """Name and text; every text is a megabyte or a little less."""
    source = random.Random(8)

    def digits(alphabet: str, length: int) -> str:
        return "".join(source.choices(alphabet, k=length))

    made: dict[str, str] = {f"runs of {part!r}": _repeat(part) for part in (*REPEATED, *PHRASES)}
    made |= {f"one {name}": start + _repeat(part) for name, start, part in STARTED}
    distinct: dict[str, Callable[[int], str]] = {
        "domains": lambda n: f"x{n}.com",
        "bogus domains": lambda n: f"x{n}.zzqq",
        "defanged bogus domains": lambda n: f"x{n}[.]zzqq",
        "addresses": lambda n: f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}",
        "bogus addresses": lambda n: f"999.{n}.1.1",
        "IPv6 addresses": lambda n: f"2001:db8::{n & 65_535:x}:{n >> 16:x}",
        "bogus IPv6 addresses": lambda n: f"2001:db8:{n}:zz:",
        "bogus Bitcoin addresses": lambda n: f"1{digits(BASE58, 33)}",
        "bogus segwit addresses": lambda n: f"bc1q{digits(BECH32, 58)}",
        "bogus Ethereum addresses": lambda n: f"0x{digits(MIXED, 40)}",
        "bogus Monero addresses": lambda n: f"4{digits(BASE58, 94)}",
        "digests": lambda n: f"{source.getrandbits(256):064x}",
        "paths": lambda n: f"C:\\a{n}\\b",
        "shares": lambda n: f"\\\\h{n}\\s",
        "POSIX paths": lambda n: f"/tmp/a{n}",
        "accounts": lambda n: f"CORP\\u{n}",
        "hosts": lambda n: f"host WS-{n}",
        "CVE ids": lambda n: f"CVE-2024-{n + 1_000}",
        "AS numbers": lambda n: f"AS{n + 1}",
        "SIDs": lambda n: f"S-1-5-21-{n}-1-1",
        "URLs": lambda n: f"http://h{n}.com/a",
        "bogus URLs": lambda n: f"hxxp://h{n}/a",
        "mail addresses": lambda n: f"u{n}@x.com",
    }
    made |= {f"10^5 {name}": _many(one) for name, one in distinct.items()}
    made["base58 soup"], made["hex soup"] = digits(BASE58, MEGABYTE), digits("0123456789abcdef", MEGABYTE)
    made["Unicode soup"] = "".join(map(chr, source.choices(range(0x80, 0x3000), k=MEGABYTE // 3)))
    bogus = (_repeat("hxxp://h/a "), _repeat("\\a\\b\\c"), _repeat("host a1 "), made["10^5 bogus addresses"])
    made["some of everything bogus"] = "".join(part[: MEGABYTE // 4] for part in bogus)
    costly = (
        made["10^5 bogus URLs"],
        made["runs of 'HKLM\\\\x and '"],
        _repeat("host a1 "),
        made["10^5 bogus Ethereum addresses"],
    )
    made["some of everything costly"] = " ".join(part[: MEGABYTE // 4] for part in costly)
    return made


STARTED = (
    ("URL", "http://a.com/", "x"),
    ("URL of closers", "http://a.com/", ")"),
    ("URL of brackets", "http://a.com/", "(["),
    ("path of words", "C:\\", "a "),
    ("path of folders", "C:\\", "a b\\"),
    ("mail address", "a@", "a."),
    ("list of hosts", "host ", "a1, "),
    ("word", "x", "x"),
    ("SID", "S", "-1"),
)


def documents() -> dict[str, str]:
    """Name and entity JSON of about a megabyte."""
    cycle = [{"$id": str(n), "Type": "process", "ParentProcess": {"$ref": str(n + 1)}} for n in range(15_000)]
    return {
        "`$ref`s in a cycle": json.dumps([*cycle, {"$id": "15000", "Type": "process", "ParentProcess": {"$ref": "0"}}]),
        "10^5 `$ref`s to one": json.dumps([{"$id": "1", "Type": "host"}, *[{"$ref": "1"}] * 70_000]),
        "dangling `$ref`s": json.dumps([{"Type": "process", "ImageFile": {"$ref": str(n)}} for n in range(15_000)]),
        "empty objects": f"[{'{},' * 330_000}{{}}]",
        "empty lists": f"[{'[],' * 330_000}[]]",
        "nested lists": "[" * 500_000 + "]" * 500_000,
        "nested objects": '{"a":' * 160_000 + "1" + "}" * 160_000,
        "nested to the bound": f"[{('[' * 60 + ']' * 60 + ',') * 8_000}1]",
        "distinct hosts": json.dumps([{"Type": "host", "HostName": f"h{n}"} for n in range(22_000)]),
        "one object of many keys": json.dumps({f"k{n}": n for n in range(60_000)}),
        "JSON in strings": json.dumps([json.dumps({"Type": "host", "HostName": f"h{n}"}) for n in range(14_000)]),
        "unknown types": json.dumps([{"Type": f"t{n}", "Name": "x"} for n in range(30_000)]),
        "one long string": json.dumps([{"Type": "host", "HostName": "x" * MEGABYTE}]),
        "cut in the middle": json.dumps([{"Type": "host", "HostName": f"h{n}"} for n in range(22_000)])[:-9],
        "no JSON": "}" * MEGABYTE,
        "quotes": '"' * MEGABYTE,
        "surrogates": '["' + "\\ud800" * 160_000 + '"]',
        "NaN": "[" + "NaN," * 250_000 + "1]",
    }


def payloads() -> dict[str, dict[str, str]]:
    """Name and alert row of about a megabyte, without entities, so that its texts are searched."""
    whole = texts()
    mixed, costly = whole["some of everything bogus"], whole["some of everything costly"]
    return {
        "5,000 words": {f"c{number}": "word" * 50 for number in range(5_000)},
        "5,000 short texts": {f"c{number}": f"seen {number}, no more" for number in range(5_000)},
        "5,000 addresses": {f"c{number}": f"10.0.{number >> 8}.{number & 255}" for number in range(5_000)},
        "twenty hostile texts": {f"c{number}": mixed[number::20] for number in range(20)},
        "twenty slices": {f"c{number}": mixed[number * 50_000 :][:50_000] for number in range(20)},
        "twenty costly slices": {f"c{number}": costly[number * 50_000 :][:50_000] for number in range(20)},
        "one text": {"Description": costly},
    }


def _repeat(part: str) -> str:
    return part * (MEGABYTE // len(part.encode("utf-8", "surrogatepass")))


def _many(one: Callable[[int], str]) -> str:
    pieces: list[str] = []
    size = 0
    while size < MEGABYTE:
        pieces.append(one(len(pieces)))
        size += len(pieces[-1]) + 1
    return " ".join(pieces)[:MEGABYTE]
