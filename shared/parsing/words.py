"""What is left of a text when paths and URLs are out of it: addresses, names, mail addresses, hashes and numbers,
plain or defanged, in UTF-8 bytes. One pattern takes each as a token; only tokens are judged.
"""

from __future__ import annotations

from collections.abc import Iterator

from shared.contracts.entity import EntityType
from shared.parsing.addresses import ipv4, ipv6, is_number
from shared.parsing.allowance import Allowance
from shared.parsing.bytewise import bytewise
from shared.parsing.cryptocurrency import SHORTEST, cost_of, currency_of
from shared.parsing.domains import is_domain
from shared.parsing.kinds import ALGORITHMS
from shared.parsing.public_suffix import is_top_level
from shared.parsing.refang import AT, COLON, DOT, is_defanged, refang
from shared.parsing.sighting import Piece, Sighting, Span
from shared.parsing.urls import trim
from shared.parsing.vocabulary import DOMAIN_CUES, DOMAIN_ENDINGS, MEMBER_ENDINGS

MAX_AS_NUMBER = 4_294_967_295  # RFC 6793
REVERSED = frozenset({"app", "com", "dev", "edu", "gov", "io", "net", "org"})  # where such names begin
MAX_LOCAL = 64  # characters before the @ (RFC 5321)

_W = r"[0-9A-Za-z_\x80-\xff-]"
_L = r"[0-9A-Za-z_+%&~\x80-\xff-]"
_H = r"[0-9A-Fa-f]"
_IPV6 = (
    rf"(?:\b{_H}{{1,4}}{COLON}(?:{_H}{{0,4}}{COLON})+|{COLON}{COLON}(?:{_H}{{1,4}}{COLON})*)(?:{_H}|\.|\[\.\])*"
    r"(?:%[0-9A-Za-z._-]+)?(?:/[0-9]{1,3})?"
)
_GLUED = r"\b[0-9a-z][0-9a-z.-]*AT[0-9a-z-]+(?:(?:DOT|\.)[0-9a-z-]+)+|\b[0-9a-z-]+(?:DOT[0-9a-z-]+)+"
_NUMBERED = (
    r"\b[Ss]-1-[0-9]+(?:-[0-9]+)+|(?i:\bcve)[-_ ]+[12][0-9]{3}[-_ ]+[0-9]{4,}"
    r"|\bASN?[ #:]{0,2}[0-9]+\b|\basn[ #:]{0,2}[0-9]+\b|\bas[0-9]+\b"
)
_MAIL = rf"{_L}+(?:{DOT}{_L}+)*(?:(?:{AT}| AT ){_W}+(?:{DOT}{_W}+)+| at {_W}+(?: dot {_W}+)+)"
_TAIL = rf"(?:{COLON}[0-9]{{1,5}}\b)?(?:(?:/|\[/\])(?:\[\.\]|[^\s\"'<>`|\\^{{}}()\[\],;\x00-\x20\x7f])*)?"
_WORDS = bytewise(rf"{_NUMBERED}|{_IPV6}|{_GLUED}|{_MAIL}|{_W}+(?:{DOT}{_W}+)+{_TAIL}|\b[0-9A-Za-z]{{{SHORTEST},}}")
_DIGITS = frozenset("0123456789.-")
_CHAINS = (b"->", b"::")
_BACKSLASH, _AT_SIGN, _FULL_STOP = b"\\@."
LONG = 256  # bytes of a token from which on each costs a microsecond more
# Microseconds, about, that it takes to judge a token: one seen before, a plain one, a defanged one.
_AGAIN, _PLAIN, _MARKED = 5, 10, 25


def find_words(data: bytes, piece: Piece, allowance: Allowance) -> Iterator[Span]:
    """What each token of a piece of the text names. Stops at the allowance."""
    judged = allowance.judged
    for match in _WORDS.finditer(data, *piece):
        start, end = match.span()
        token = data[start:end]
        if allowance.words <= 0:
            yield Span(start, None, [])
            return
        if token in judged:
            allowance.words -= _AGAIN
            continue
        if start and data[start - 1] == _BACKSLASH and token[:1] in b"nrt":
            token = token[1:]  # after a line break in a JSON string
        if token.isalnum() and b"DOT" not in token:
            allowance.words -= _PLAIN + cost_of(token)
            seen: list[Sighting] | None = _alphanumeric(token.decode())
        else:
            marked = is_defanged(token)
            allowance.words -= (_MARKED if marked else _PLAIN) + max(len(token) - LONG, 0)
            seen = _read(refang(_spoken(token)) if marked else token, data, start, end, marked=marked)
        if seen is None or seen:
            judged.add(token)
        if seen:
            yield Span(start, end, seen)


def _spoken(token: bytes) -> bytes:
    return token.replace(b" at ", b"@").replace(b" AT ", b"@") if b" " in token else token


def _read(token: bytes, data: bytes, start: int, end: int, *, marked: bool) -> list[Sighting] | None:
    """What a token made whole names; None when it names nothing wherever it stands again."""
    text = token.decode("utf-8", "replace")
    head = text[:3].lower()
    if head in ("s-1", "cve", "as ", "asn", "as#", "as:") and (seen := _numbered(text)):
        return [seen]
    if "DOT" in text and text.replace("DOT", "").replace("AT", "").islower():
        marked, text = True, text.replace("DOT", ".").replace("AT", "@", "@" not in text)
    if "@" in text:
        return _mail(text)
    if text.count(":") > 1:
        before = data[max(start - 2, 0) : start]
        joined = data[end : end + 1].isalnum() or (
            text[0] == ":" and (before[-1:].isalnum() or (before[-1:] == b"[" and before[:1].isalnum()))
        )  # `std::a`, `list[::2]`
        return [] if joined or (seen := ipv6(text)) is None else [seen]
    return _name(text, data, start, end, certain=marked)


def _alphanumeric(word: str) -> list[Sighting]:
    algorithm = ALGORITHMS.get(len(word))
    if algorithm and not word.strip("0123456789abcdefABCDEF"):
        return [Sighting(EntityType.FILEHASH, word.lower(), {"algorithm": algorithm})]
    if len(word) < SHORTEST:
        seen = _numbered(word)
        return [seen] if seen else []
    currency = currency_of(word)
    return [Sighting(EntityType.CRYPTOCURRENCY_ADDRESS, word, {"currency": currency})] if currency else []


def _numbered(text: str) -> Sighting | None:
    """A SID, a CVE or an AS number."""
    head = text[:3].upper()
    if head == "S-1":
        return Sighting(EntityType.ACCOUNT, text.upper(), {"sid": text.upper()}) if text.count("-") > 3 else None
    if head == "CVE":
        year, _, number = text[3:].replace(" ", "-").replace("_", "-").strip("-").partition("-")
        return Sighting(EntityType.VULNERABILITY, f"CVE-{year}-{number.strip('-')}")
    number = text.lstrip("ASNasn #:")
    if number.isdecimal() and number[0] != "0" and int(number[:11]) <= MAX_AS_NUMBER:
        return Sighting(EntityType.AUTONOMOUS_SYSTEM, f"AS{number}")
    return None


def _mail(text: str) -> list[Sighting]:
    local, _, domain = text.rpartition("@")
    local, domain = local.lstrip(".%&~-").rpartition("@")[2], domain.strip("-")
    if not 0 < len(local) <= MAX_LOCAL or local[-1] == ".":
        return []
    if domain.count(".") == 3 and _DIGITS.issuperset(domain):
        seen = ipv4(domain)
        return [seen] if seen else []
    return [Sighting(EntityType.MAILBOX, f"{local}@{domain}")] if is_domain(domain, certain=True) else []


def _name(text: str, data: bytes, start: int, end: int, *, certain: bool) -> list[Sighting] | None:
    """A dotted word with what follows it: a port, a path."""
    authority, _, path = text.partition("/") if "/" in text else (text, "", "")
    host, _, port = authority.partition(":") if ":" in authority else (authority, "", "")
    path = trim(path)
    if host[-1:].isdecimal() and _DIGITS.issuperset(host):
        return _numbers(text, host, port, path, b"" if certain else data[max(start - 40, 0) : start])
    host = host.strip("-")
    rest, _, last = host.rpartition(".")
    if not certain and host.partition(".")[0] in REVERSED and "." in rest and not is_top_level(last):
        return []  # `com.vendor.App`: the name of a program in reverse
    if certain and b" " in data[start:end] and last.lower() in MEMBER_ENDINGS:
        return []  # `foo [dot] bar`
    if last.istitle() and last.isalpha() and not is_top_level(last.lower()):
        host = rest  # `evil.test.Then`, where the space after the full stop is missing
    if _is_named(host, data, start, end, certain=certain or (start > 0 and data[start - 1] == _AT_SIGN)):
        return [Sighting(EntityType.URL, trim(text)) if path else domain(host)]
    if not host.isascii():
        words = "".join(character if character.isascii() else " " for character in host).split()
        return [domain(word.strip("-.")) for word in words if is_domain(word.strip("-."), certain=certain)]
    seen = [_alphanumeric(label) for label in host.split(".") if len(label) in ALGORITHMS]  # a file named by its digest
    return seen[0] if seen else []


def _numbers(text: str, host: str, port: str, path: str, before: bytes) -> list[Sighting] | None:
    """IPv4: one address, or two as a range; None for a version, which stays one when it is named again without
    saying so.
    """
    prefix = path if path.isdecimal() and not port and int(path[:4]) <= 32 else ""
    found = [seen for part in host.split("-")[:2] if (seen := ipv4(part, prefix))]
    if found and before and is_number(before.decode("utf-8", "replace")):
        return None
    if path.isdecimal():
        return found
    return [Sighting(EntityType.URL, trim(text))] if found and path and "-" not in host else found


def _is_named(host: str, data: bytes, start: int, end: int, *, certain: bool) -> bool:
    if is_domain(host, certain=certain):
        if certain:
            return True
        after = data[end : end + 2]
        if start and data[start - 1] == _FULL_STOP:
            return False  # the rest of a chain, `a[0].metadata.name`
        called = after[:1] == b"(" or data[max(start - 2, 0) : start] in _CHAINS
        member = host.rpartition(".")[2].lower() in MEMBER_ENDINGS and (after[:1] == b"=" or after == b" =")
        return not member and not (called and host.rpartition(".")[2].lower() not in DOMAIN_ENDINGS)
    words = data[max(start - 24, 0) : start].decode("utf-8", "replace").lower().split()
    return bool(words) and words[-1].strip(":\"'(=") in DOMAIN_CUES and is_domain(host, certain=True)


def domain(name: str) -> Sighting:
    """A domain as it is written; an international one has its encoded form beside it."""
    name = name.lower()
    if name.isascii():
        return Sighting(EntityType.DNS, name)
    try:
        return Sighting(EntityType.DNS, name, {"a_label": name.encode("idna").decode()})
    except UnicodeError:
        return Sighting(EntityType.DNS, name)
