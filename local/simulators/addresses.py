"""Which addresses are internal (RFC 1918, 4193, 3927, 6598, loopback). Ranges for documentation count as outside:
sample alerts use them for attackers.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network

INTERNAL = tuple(
    ip_network(network)
    for network in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)


def is_internal(address: IPv4Address | IPv6Address) -> bool:
    """Whether the address cannot belong to somebody outside."""
    return any(address in network for network in INTERNAL)
