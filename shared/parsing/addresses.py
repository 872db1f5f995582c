"""IP addresses in free text, told apart from versions, OIDs, times of day, MAC addresses and World Wide Names."""

from __future__ import annotations

import ipaddress

from shared.contracts.entity import EntityType
from shared.parsing.sighting import Sighting
from shared.parsing.vocabulary import CONNECTIVES, NUMBER_WORDS, PRODUCTS

_OCTETS = frozenset(map(str, range(256)))  # without leading zeros, which some read as octal


def is_number(before: str) -> bool:
    """Whether the text before a dotted number says that it is a version or the like."""
    words = before.lower().replace("=", " ").replace(":", " ").replace('"', " ").replace("(", " ").split()
    if not words or not before:
        return False
    last = words[-1]
    if before[-1] == "/":
        return last.rstrip("/").rpartition("/")[2].lstrip("-") in PRODUCTS
    if before[-1].isspace() or before[-1] in '=:"(':
        while words and (words[-1] in CONNECTIVES or words[-1].rstrip(",").count(".") == 3):
            words.pop()
        last = words[-1] if words else ""
    return last.rstrip(".,").lstrip("_").rsplit("_", 1)[-1] in NUMBER_WORDS or last.endswith("version")


def ipv4(word: str, prefix: str = "") -> Sighting | None:
    """The address that four dotted numbers name."""
    octets = word.split(".")
    if len(octets) != 4 or not _OCTETS.issuperset(octets):
        return None
    return Sighting(EntityType.IP, word, {"prefix_length": prefix} if prefix else None)


def ipv6(word: str) -> Sighting | None:
    """The address of a run of hex digits and colons, with its zone and prefix length as properties."""
    word, _, prefix = word.partition("/")
    word, _, zone = word.partition("%")
    word = word.rstrip(".")
    if word.endswith(":") and not word.endswith("::"):
        word = word[:-1]
    if not any(map(str.isdigit, word)) or _is_world_wide_name(word):
        return None  # `dead::beef` is more often a name in a program
    try:
        address = ipaddress.IPv6Address(word)
    except ValueError:
        return None
    return Sighting(EntityType.IP, str(address), {"zone_id": zone, "prefix_length": prefix})


def _is_world_wide_name(word: str) -> bool:
    groups = word.split(":")
    return len(groups) == 8 and all(len(group) == 2 for group in groups)
