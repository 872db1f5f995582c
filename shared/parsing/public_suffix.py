"""Which names may stand in the public DNS: the public suffix list as the library ships it, and the names that RFC 2606,
RFC 6762 and RFC 7686 reserve or that inside networks use. Loaded at the first question (14 ms), then kept.
"""

from __future__ import annotations

from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList

INSIDE = frozenset({"example", "test", "invalid", "local", "localhost", "localdomain", "onion"}) | frozenset(
    {"internal", "intranet", "corp", "lan", "home"}
)


@cache
def _public() -> PublicSuffixList:
    # Any `xn--` label counts as a top-level domain, so the list's encoded twins, the slow part of loading, are not
    # needed.
    return PublicSuffixList(accept_unknown=False, accept_encoded_idn=False, only_icann=True)


@lru_cache(maxsize=4_096)
def is_top_level(label: str) -> bool:
    """Whether a lower-case label is a top-level domain."""
    return label in INSIDE or label.startswith("xn--") or _public().publicsuffix(label) is not None


def is_suffix(name: str) -> bool:
    """Whether a lower-case name is nothing but a public suffix, such as `co.uk`."""
    return _public().publicsuffix(name) == name
