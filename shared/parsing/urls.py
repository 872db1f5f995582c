"""URLs in free text, plain or defanged, in UTF-8 bytes."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from shared.contracts.entity import EntityType
from shared.parsing.addresses import ipv4, ipv6
from shared.parsing.allowance import Allowance
from shared.parsing.bytewise import bytewise
from shared.parsing.domains import is_domain
from shared.parsing.refang import AT, DOT, SCHEME_END, is_defanged, refang
from shared.parsing.sighting import Piece, Sighting, Span

_WEB = r"h(?:tt|xx|tx|xt|\*\*|__|##|\?\?|--)ps?|hpps?|httxs?|h___ps?|x{4}[xs]?|s?f(?:t|x)ps?|ftxs?"
_OTHER = (
    r"wss?|ldaps?|telnet|tftp|smb|ssh|rdp|vnc|rmi|irc|tcp|udp|socks[45]?|stratum\+(?:tcp|ssl)|git|svn|rtsp|mqtts?|file"
)
_SCHEME = rf"(?i:[\[(]?(?:\b|\\[nrt])(?:{_WEB}|{_OTHER})(?:\[s\]|\(s\))?[\])]?)"
_REST = rf"(?:{DOT}|{AT}|\[/\]|\\/|\[-\]|[^\s\"'<>`|\\^{{}}\x00-\x20\x7f])"
_HEAD = rf"{_SCHEME}{SCHEME_END}"
_URL = bytewise(rf"{_HEAD} ?(?:[\[(]?[0-9A-Za-z_\[\x80-\xff]|%|\$){_REST}*")
_NEXT = bytewise(rf"[,;]{_HEAD}")  # of a list without spaces
_PARTS = bytewise(rf"(?i:[\[(]?(?:\\[nrt])?({_WEB}|{_OTHER})(\[s\]|\(s\))?[\])]?){SCHEME_END}( ?)")
LONGEST_NUMBER = 12  # digits of a part of an address: 037777777777
LONGEST_HEAD = 40  # bytes up to the host
_CLOSERS = {")": "(", "]": "["}
_PUNCTUATION = ".,;:!?*'"
_ENDS = _PUNCTUATION + ")]"
_PLAIN = {b"http": "http", b"https": "https", b"hxxp": "http", b"hxxps": "https", b"hXXp": "http", b"hXXps": "https"}


def find_urls(data: bytes, piece: Piece, allowance: Allowance) -> Iterator[Span]:
    """Each URL of a piece of the text, made whole. Stops at the allowance."""
    at, bound = piece
    while match := _URL.search(data, at, bound):
        start, at = match.span()
        if allowance.urls <= 0:
            yield Span(start, None, [])
            return
        allowance.urls -= 1
        written = data[start:at]
        if (b"," in written or b";" in written) and (listed := _NEXT.search(written)):
            written = written[: listed.start()]
            at = start + len(written)
        if seen := _read(written):
            yield Span(start, at, [seen, *_address_of(seen)])


def _read(written: bytes) -> Sighting | None:
    head, _, rest = written.partition(b"://")
    scheme, apart = _PLAIN.get(head, ""), rest[:1] == b" "
    if not scheme:
        parts = _PARTS.match(written[:LONGEST_HEAD])
        if parts is None:
            return None
        name, secure, space = parts.groups()
        scheme, apart = _scheme(name.decode("latin-1").lower()) + ("s" if secure else ""), bool(space)
        rest = written[parts.end() :]
    value = trim(f"{scheme}://{refang(rest).decode('utf-8', 'replace').replace(' ', '')}")
    host = host_of(value)
    if scheme == "file" and "/" in value[7:]:
        return Sighting(EntityType.URL, value)
    if is_host(host.rpartition("@")[2], plain=not apart and not is_defanged(rest)):
        return Sighting(EntityType.URL, value)
    return None


def _address_of(url: Sighting) -> list[Sighting]:
    """The address that a host is which hides it in a number, as browsers read it: http://3221226010/."""
    host = host_of(url.value).rpartition("@")[2].partition(":")[0]
    address = numeric_address(host) if host[:1].isdigit() and ipv4(host) is None else ""
    return [Sighting(EntityType.IP, address)] if address else []


def numeric_address(host: str) -> str:
    """The IPv4 address that inet_aton(3) makes of one to four decimal, octal or hexadecimal parts, "" for none."""
    parts = host.split(".")
    numbers = [_part(part) for part in parts]
    if len(parts) > 4 or any(number is None for number in numbers):
        return ""
    *leading, last = [number for number in numbers if number is not None]
    if any(number > 0xFF for number in leading) or last >= 1 << (8 * (5 - len(parts))):
        return ""
    value = sum(number << (8 * (3 - place)) for place, number in enumerate(leading)) + last
    return str(ipaddress.IPv4Address(value)) if value > 0xFFFFFF else ""  # 0.x is no host: rather a number


def _part(text: str) -> int | None:
    digits = text.lower()
    base = 16 if digits.startswith("0x") else 8 if digits.startswith("0") and len(digits) > 1 else 10
    digits = digits.removeprefix("0x") if base == 16 else digits
    if not 0 < len(digits) <= LONGEST_NUMBER or not digits.isascii() or not digits.isalnum():
        return None
    try:
        return int(digits, base)
    except ValueError:
        return None


def _scheme(written: str) -> str:
    if written.startswith("x"):
        return "https" if len(written) > 4 else "http"
    if written.startswith("h"):
        return "https" if written.endswith("s") else "http"
    return written.replace("fxp", "ftp").replace("ftx", "ftp")


def host_of(url: str) -> str:
    """The authority of a URL, with port and user."""
    return url.partition("://")[2].partition("/")[0].partition("?")[0].partition("#")[0]


def is_host(authority: str, *, plain: bool) -> bool:
    """Whether this is a host with an optional port; in a plain URL a single name, or an unknown ending, will do."""
    if authority.startswith("["):
        return ipv6(authority[1:].partition("]")[0]) is not None
    host = authority.partition(":")[0].rstrip(".")
    if host.count(".") == 3 and ipv4(host):
        return True
    if is_domain(host, certain=True):
        return True
    return plain and 1 < len(host) <= 253 and host.replace("-", "").replace(".", "").replace("_", "").isalnum()


def trim(value: str) -> str:
    """Without the punctuation of the sentence around it: what closes more than was opened, and what ends a sentence."""
    end = len(value)
    if not end or value[-1] not in _ENDS:
        return value
    surplus = {closer: value.count(closer) - value.count(opener) for closer, opener in _CLOSERS.items()}
    while end and (value[end - 1] in _PUNCTUATION or surplus.get(value[end - 1], 0) > 0):
        end -= 1
        if value[end] in surplus:
            surplus[value[end]] -= 1
    return value[:end]
