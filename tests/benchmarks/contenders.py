"""Free text through each contender, to (kind, value) pairs in the words of the labelled set, in either environment.

Each peer has the options that serve it best here, found by trying. The others change a figure by a few hundredths, but
for msticpy's defanged=False, which costs it up to two thirds of its recall:
- ioc-finder: all kinds that have a counterpart, names beyond ASCII allowed, URLs without a scheme too (its default).
- iocextract: refang=True; strip=True, which cuts what follows a URL.
- iocsearcher: all its cryptocurrencies, no_overlaps=True; its filter of private addresses is off, because it would drop
  the documentation ranges.
- msticpy: defanged=True, paths included, then its own refang_ioc over every value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

Found = list[list[tuple[str, str]]]


def product(texts: list[str]) -> Callable[[], Found]:
    """Ours."""
    from shared.parsing.collection import Collection  # noqa: PLC0415 - each side imports what its environment has
    from shared.parsing.indicators import find_indicators  # noqa: PLC0415

    kinds = {
        "ip": "ip", "dns": "domain", "url": "url", "mailbox": "email", "filehash": "hash", "vulnerability": "cve",
        "file": "path", "registry-key": "registry", "account": "account", "host": "host", "autonomous-system": "asn",
        "cryptocurrency-address": "crypto",
    }  # fmt: skip

    def one(text: str) -> list[tuple[str, str]]:
        found = Collection()
        find_indicators(text, found, where="text")
        entities = found.build().all()
        return [(kinds[item.entity_type], _as_labelled(item.primary_value, item.properties)) for item in entities]

    return lambda: [one(text) for text in texts]


def _as_labelled(value: str, properties: Mapping[str, Any]) -> str:
    """The whole path of a file, and an account with its domain, as the text and the labels have them."""
    domain = properties.get("nt_domain")
    return str(properties.get("full_path", f"{domain}\\{value}" if domain else value))


def ioc_finder(texts: list[str]) -> Callable[[], Found]:
    """ioc-finder 9.4."""
    from ioc_finder import find_iocs  # noqa: PLC0415

    kinds = {
        "asns": "asn", "bitcoin_addresses": "crypto", "monero_addresses": "crypto", "cves": "cve", "domains": "domain",
        "email_addresses": "email", "file_paths": "path", "ipv4s": "ip", "ipv6s": "ip", "md5s": "hash", "sha1s": "hash",
        "sha256s": "hash", "sha512s": "hash", "registry_key_paths": "registry", "urls": "url",
    }  # fmt: skip

    def one(text: str) -> list[tuple[str, str]]:
        found: Any = find_iocs(text, included_ioc_types=list(kinds), parse_unicode_iocs=True)
        return _flat((kind, found[name]) for name, kind in kinds.items())

    return lambda: [one(text) for text in texts]


def iocextract(texts: list[str]) -> Callable[[], Found]:
    """iocextract 1.16."""
    import iocextract as peer  # noqa: PLC0415

    def one(text: str) -> list[tuple[str, str]]:
        return _flat((
            ("url", peer.extract_urls(text, refang=True, strip=True)),
            ("ip", peer.extract_ips(text, refang=True)),
            ("email", peer.extract_emails(text, refang=True)),
            ("hash", peer.extract_hashes(text)),
        ))  # fmt: skip

    return lambda: [one(text) for text in texts]


def iocsearcher(texts: list[str]) -> Callable[[], Found]:
    """iocsearcher 3.1."""
    from iocsearcher.searcher import Searcher  # noqa: PLC0415

    coins = (
        "bitcoin",
        "bitcoincash",
        "cardano",
        "dashcoin",
        "dogecoin",
        "ethereum",
        "litecoin",
        "monero",
        "ripple",
        "stellar",
        "tezos",
        "tron",
        "zcash",
    )
    kinds = {
        "ip4": "ip", "ip6": "ip", "fqdn": "domain", "email": "email", "url": "url", "md5": "hash", "sha1": "hash",
        "sha256": "hash", "cve": "cve", "registry": "registry", **dict.fromkeys(coins, "crypto"),
    }  # fmt: skip
    searcher = Searcher()
    unfiltered = {
        f"ignore_{name}": False for name in ("private", "local", "multicast", "loopback", "reserved", "unspecified")
    }
    searcher.is_valid_ip4 = partial(searcher.is_valid_ip4, **unfiltered)
    searcher.is_valid_ip6 = partial(searcher.is_valid_ip6, **unfiltered)

    def one(text: str) -> list[tuple[str, str]]:
        return [
            (kinds[ioc.name], ioc.value) for ioc in searcher.search_data(text, targets=list(kinds), no_overlaps=True)
        ]

    return lambda: [one(text) for text in texts]


def msticpy(texts: list[str]) -> Callable[[], Found]:
    """msticpy 3.0, IoCExtract."""
    from msticpy.common.utility.format import refang_ioc  # noqa: PLC0415
    from msticpy.transform.iocextract import IoCExtract  # noqa: PLC0415

    kinds = {
        "ipv4": "ip", "ipv6": "ip", "dns": "domain", "url": "url", "email": "email", "md5_hash": "hash",
        "sha1_hash": "hash", "sha256_hash": "hash", "windows_path": "path", "linux_path": "path",
    }  # fmt: skip
    extractor = IoCExtract(defanged=True)

    def one(text: str) -> list[tuple[str, str]]:
        found = extractor.extract(src=text, ioc_types=list(kinds))
        return _flat((kinds[kind], [refang_ioc(value, kind) for value in values]) for kind, values in found.items())

    return lambda: [one(text) for text in texts]


def _flat(groups: Iterable[tuple[str, Iterable[str]]]) -> list[tuple[str, str]]:
    return [(kind, value) for kind, values in groups for value in values]
