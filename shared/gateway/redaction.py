"""Reversible pseudonyms for personal data (seed §2, spec/llm §4): `EMAIL_001`, the same for the same value.

A RedactionMap lives for one request and is stored nowhere. Hashes, CVE and technique ids, domains and times stay.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import re2

from shared.contracts.ip_address import ip_address_of
from shared.gateway.evidence import Evidence
from shared.gateway.pii_names import IP_KINDS, LOGON_NAME, find_names, logon_user

_KINDS = "EMAIL|USER|HOST|IP_SRC|IP_DST|IP|PERSON|SSN|CC|PHONE|TEXT"
# Found inside longer words too: two placeholders may touch. All digits belong to it, so USER_100 is not in USER_1000.
_PLACEHOLDER = re2.compile(rf"(?:{_KINDS})_\d{{3,}}")
_KEPT = re2.compile(
    r"\b(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{40}|[0-9a-fA-F]{32}|CVE-\d{4}-\d{4,7}|(?:AML\.)?T\d{4}(?:\.\d{3})?"
    r"|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)\b"
)
_EMAIL = re2.compile(r"[\w\pL][\w\pL.%+'-]*@[\w\pL-]+(?:\.[\w\pL-]+)+")
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_IPV4 = re2.compile(rf"\b(?:{_OCTET}\.){{3}}{_OCTET}\b")
_IPV6 = re2.compile(r"(?i)\b(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}\b|\b(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4}){1,6}\b")
_SSN = re2.compile(r"\b\d{3}-\d{2}-\d{4}\b")
_CARD = re2.compile(r"\b\d(?:[ -]?\d){12,18}\b")
_PHONE = re2.compile(r"\+(\d{1,3}[ .-]?\(?\d{1,4}\)?(?:[ .-]?\d{2,4}){2,4})\b|\b(\d{3}\)?[ .-]?\d{3}[ .-]\d{4})\b")
UNKNOWN = "[unknown]"
NAME_MATCHER_BYTES = 64 << 20  # room for tens of thousands of names
_INTERNAL = [
    ipaddress.ip_network(block)
    for block in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "fc00::/7", "fe80::/10",
    )
]  # fmt: skip


@dataclass
class RedactionMap:
    """Which placeholder stands for which value. Filled while a request is redacted; never printed or stored."""

    _by_value: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)
    _originals: dict[str, str] = field(default_factory=dict, repr=False)
    _counts: dict[str, int] = field(default_factory=dict, repr=False)

    def placeholder(self, kind: str, value: str) -> str:
        """The placeholder of a value, numbered by first appearance."""
        known = self._by_value.get((kind, value))
        if known is not None:
            return known
        self._counts[kind] = self._counts.get(kind, 0) + 1
        name = f"{kind}_{self._counts[kind]:03d}"
        self._by_value[kind, value] = name
        self._originals[name] = value
        return name

    def original(self, placeholder: str) -> str | None:
        """What a placeholder stands for, or None when it is none of ours."""
        return self._originals.get(placeholder)

    def internal_addresses(self) -> list[str]:
        """Placeholders of private, loopback and link-local addresses: a model may know that much."""
        return [name for name, value in self._originals.items() if name.startswith("IP_") and _is_internal(value)]

    def same_identities(self) -> list[list[str]]:
        """Placeholders that differ only in spelling: case, domain prefix, host name with and without its domain."""
        groups: dict[tuple[str, str], list[str]] = {}
        for name, value in self._originals.items():
            kind = name.partition("_")[0]
            if kind in {"USER", "HOST"}:
                plain = value.casefold().rpartition("\\")[2]
                groups.setdefault((kind, plain.partition(".")[0] if kind == "HOST" else plain), []).append(name)
        return [group for group in groups.values() if len(group) > 1]


@dataclass(frozen=True)
class _Token:
    """A piece of text that is settled: a placeholder, or something that stays as it is."""

    text: str


_Piece = str | _Token
_Span = tuple[int, int, _Token] | None


class Redactor:
    """Redacts the texts of one request, all into one map. Time is linear in the text."""

    def __init__(self, names: Mapping[str, str]) -> None:
        """``names`` as find_names gives them. Raises re2.error when there are too many to match at once."""
        self.redactions = RedactionMap()
        self._addresses = {name: kind for name, kind in names.items() if kind in IP_KINDS}
        words = sorted(names.keys() - self._addresses.keys(), key=lambda word: (-len(word), word))
        self._words = {word.casefold(): names[word] for word in words}
        options = re2.Options()
        options.case_sensitive = False
        options.max_mem = NAME_MATCHER_BYTES
        self._names = re2.compile("|".join(map(re2.escape, words)), options) if words else None

    def redact(self, text: str) -> str:
        """The text with placeholders; the map grows by what was new."""
        # What looks like a placeholder is escaped before any is made; what must stay is set aside next.
        pieces = _split([text], _PLACEHOLDER, lambda found, _: self._hide("TEXT", found))
        pieces = _split(pieces, _KEPT, lambda found, _: (found.start(), found.end(), _Token(found.group())))
        pieces = _split(pieces, _EMAIL, lambda found, _: self._hide("EMAIL", found))
        pieces = _split(
            pieces, LOGON_NAME, lambda found, near: self._hide("USER", found) if logon_user(found, near) else None
        )
        pieces = _split(pieces, _IPV6, lambda found, _: self._address(found))
        pieces = _split(pieces, _IPV4, lambda found, _: self._address(found))
        pieces = _split(pieces, _SSN, lambda found, _: self._hide("SSN", found))
        pieces = _split(pieces, _CARD, lambda found, _: self._hide("CC", found) if _is_card(found.group()) else None)
        pieces = _split(pieces, _PHONE, lambda found, _: self._hide("PHONE", found, group=1 if found.group(1) else 2))
        if self._names is not None:
            pieces = _split(pieces, self._names, self._name)
        return "".join(piece if isinstance(piece, str) else piece.text for piece in pieces)

    def _hide(self, kind: str, found: Any, *, group: int = 0) -> _Span:
        placeholder = self.redactions.placeholder(kind, found.group(group))
        return found.start(group), found.end(group), _Token(placeholder)

    def _address(self, found: Any) -> _Span:
        if ip_address_of(found.group()) is None:
            return None  # a time or a hardware address
        return self._hide(self._addresses.get(found.group(), "IP"), found)

    def _name(self, found: Any, near: str) -> _Span:
        """Whole tokens only: `ann` is not hidden inside `annual`."""
        before, after = near[max(found.start() - 1, 0) : found.start()], near[found.end() : found.end() + 1]
        if _joins(before, found.group()[0]) or _joins(after, found.group()[-1]):
            return None
        return self._hide(self._words.get(found.group().casefold(), "USER"), found)


def redact_pii(text: str) -> tuple[str, RedactionMap]:
    """Redact one text by itself; names in it are known from its paths and logon names only."""
    redactor = Redactor(find_names(Evidence({"description": text})))
    return redactor.redact(text), redactor.redactions


def deanonymise_text(text: str, redactions: RedactionMap) -> tuple[str, list[str]]:
    """Put the originals back, whole tokens only; a placeholder that stands for nothing becomes `[unknown]`.

    Also returns those.
    """
    parts, done, unknown = [], 0, []
    for found in _PLACEHOLDER.finditer(text):
        original = redactions.original(found.group())
        if original is None:
            unknown.append(found.group())
        parts += [text[done : found.start()], UNKNOWN if original is None else original]
        done = found.end()
    return "".join([*parts, text[done:]]), unknown


def _split(pieces: Iterable[_Piece], pattern: Any, rule: Callable[[Any, str], _Span]) -> list[_Piece]:
    """Settle what ``rule`` makes of each match; None leaves it open for later patterns."""
    result: list[_Piece] = []
    for piece in pieces:
        if isinstance(piece, _Token):
            result.append(piece)
            continue
        done = 0
        for found in pattern.finditer(piece):
            span = rule(found, piece)
            if span is not None:
                start, end, token = span
                result += [piece[done:start], token]
                done = end
        result.append(piece[done:])
    return result


def _joins(neighbour: str, edge: str) -> bool:
    """True when two characters belong to one word, or when a placeholder set here would grow into its neighbour."""
    return neighbour == "_" or (neighbour.isalnum() and (neighbour.isascii() or edge.isalnum()))


def _is_internal(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    return any(parsed in network for network in _INTERNAL)


def _is_card(text: str) -> bool:
    """Luhn's check."""
    digits = [int(character) for character in text if character.isdigit()]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
