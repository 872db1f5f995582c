"""Attackers' addresses written so that nobody follows them by accident: hxxp://, 203.0.113[.]7, evil[.]example."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address, ip_network

_URL = re.compile(r"\b(h)tt(ps?://)([^\s/\"'<>]+)", re.IGNORECASE)
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\w)")
# Not `is_private`: that counts the addresses which documentation uses for attackers.
_INSIDE = tuple(
    ip_network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16")
)


def defanged(text: str, names: Iterable[str] = ()) -> str:
    """The text with every URL and outside IPv4 address defanged, and every one of ``names``, such as known domains."""
    for name in sorted(set(names), key=len, reverse=True):
        text = text.replace(name, _dots(name))
    text = _URL.sub(lambda found: f"{found[1]}xx{found[2]}{_dots(found[3])}", text)
    return _IPV4.sub(lambda found: found[0] if _inside(found[0]) else _dots(found[0]), text)


def _dots(name: str) -> str:
    return name if "[.]" in name else name.replace(".", "[.]")


def _inside(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:  # 999.1.1.1, or a version number
        return True
    return any(found in network for network in _INSIDE)
