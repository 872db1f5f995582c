"""Whether a text is an IP address."""

from __future__ import annotations

import ipaddress


def ip_address_of(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that the whole text is; None for anything else."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
