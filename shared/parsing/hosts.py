"""Names of hosts in free text: a bare name is one only where a word before it says so, `host WS-0147`, `Computer:
DC-02`, or where it is one that Windows and EC2 give to new machines. UTF-8 bytes in.
"""

from __future__ import annotations

from collections.abc import Iterator

from shared.contracts.entity import EntityType
from shared.parsing.allowance import Allowance
from shared.parsing.bytewise import bytewise
from shared.parsing.sighting import Piece, Sighting, Span

_WORDS = r"host|hostname|computer|machine|device|workstation|server|endpoint|node|client|laptop|desktop"
_NAME = r"[0-9A-Za-z][0-9A-Za-z_-]*"
_HOST = bytewise(
    rf"(?i:(?:\b|_)(?:{_WORDS})s?(?:[ _]?names?)?[\"']?(?: ?[:=] ?| )(?:is |are |named |called )?[\"'(\[]{{0,2}})"
    rf"{_NAME}(?:(?:, ?| and |, and | or )[\"']?[A-Za-z_-]*[0-9][0-9A-Za-z_-]*)*"
    r"|\b(?:DESKTOP|LAPTOP|WIN|EC2AMAZ)-[0-9A-Z]{7,11}\b"
)
_NO_NAMES = frozenset(word + ending for word in _WORDS.split("|") for ending in ("", "s", "name", "names", "_name"))
_MARKS = bytes.maketrans(b",\"':=([", b"       ")
MAX_NAME = 63
_GOES_ON = (b".", b"@", b"\\", b"[", b"/", b"(", b"%")


def find_hosts(data: bytes, piece: Piece, allowance: Allowance) -> Iterator[Span]:
    """The hosts that a piece of the text names as such. Stops at the allowance."""
    for match in _HOST.finditer(data, *piece):
        start, end = match.span()
        if allowance.hosts <= 0:
            yield Span(start, None, [])
            return
        allowance.hosts -= 1
        written = data[start:end]
        certain = b":" in written or b"=" in written
        names = written.translate(_MARKS).decode().split()
        if data[end : end + 1] in _GOES_ON and not (
            data[end : end + 1] in b".[(/" and not data[end + 1 : end + 2].isalnum()
        ):
            names.pop()  # the beginning of a domain, an address or a path
        seen = [
            Sighting(EntityType.HOST, name, {"hostname": name})
            for name in names
            if name.lower() not in _NO_NAMES and _is_name(name, certain=certain)
        ]
        if seen:
            yield Span(start, end, seen)


def _is_name(name: str, *, certain: bool) -> bool:
    letters = name.replace("-", "").replace("_", "")
    if not 3 <= len(name) <= MAX_NAME or letters.isdecimal():
        return False
    if any(map(str.isdigit, name)):
        return name[-1] not in "-_" and not letters[0].isdigit()
    return name.isupper() and ("-" in name.strip("-") or certain)
