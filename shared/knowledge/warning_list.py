"""Values that stand in nearly every network's traffic: as indicators they would match everybody.

Short by choice. A feed that lists one of these was made from a report's or a sandbox's own traffic.
"""

from __future__ import annotations

import ipaddress

RESOLVERS = frozenset({
    "1.1.1.1", "1.0.0.1", "8.8.8.8", "8.8.4.4", "9.9.9.9", "149.112.112.112", "208.67.222.222", "208.67.220.220",
    "2001:4860:4860::8888", "2001:4860:4860::8844", "2606:4700:4700::1111", "2606:4700:4700::1001",
})  # fmt: skip
# Whole domains: a name below one of them, such as a tenant's page on a large host, may well be hostile.
DOMAINS = frozenset({
    "google.com", "www.google.com", "microsoft.com", "www.microsoft.com", "windowsupdate.com", "office.com",
    "login.microsoftonline.com", "apple.com", "amazon.com", "github.com", "www.github.com", "cloudflare.com",
    "facebook.com", "youtube.com", "wikipedia.org", "localhost", "example.com", "schemas.microsoft.com", "w3.org",
    "www.w3.org", "ocsp.digicert.com", "crl.microsoft.com",
})  # fmt: skip
EMPTY_FILE = frozenset({
    "d41d8cd98f00b204e9800998ecf8427e", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
})  # fmt: skip


def warning(kind: str, value: str) -> str:
    """Why a value is no indicator; empty when nothing speaks against it."""
    if kind == "ip":
        if value in RESOLVERS:
            return "it is a public resolver"
        return "" if ipaddress.ip_address(value).is_global else "it is not an address of the internet"
    if kind == "dns" and value in DOMAINS:
        return "it is a name that everybody uses"
    if kind == "url":
        host = value.partition("://")[2].partition("/")
        return "it is a site that everybody uses" if host[0].lower() in DOMAINS and not host[2] else ""
    return "it is the empty file" if value in EMPTY_FILE else ""
