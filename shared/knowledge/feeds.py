"""Feeds of indicators: STIX 2.1 bundles, MISP events, and plain lines. What is no indicator is reported, never guessed.

References between objects are not followed, so a bundle with cycles is read like any other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import re2

from shared.contracts.ip_address import ip_address_of
from shared.knowledge.indicators import Indicator
from shared.knowledge.warning_list import warning

DEFAULT_CONFIDENCE = 50
SEVERITY = "medium"
_COMPARISON = re2.compile(r"([a-z0-9-]+):([A-Za-z0-9_.'-]+)\s*=\s*'((?:[^'\\]|\\.)*)'")
_COMBINED = re2.compile(r"(?i)\b(?:AND|FOLLOWEDBY|WITHIN|REPEATS|LIKE|MATCHES|NOT|IN)\b|!=|[<>]")
_QUOTED = re2.compile(r"'(?:[^'\\]|\\.)*'")
_STIX_KINDS = {
    "ipv4-addr": "ip", "ipv6-addr": "ip", "domain-name": "dns", "url": "url", "email-addr": "mailbox",
    "file": "filehash",
}  # fmt: skip
_MISP_KINDS = {
    "ip-src": "ip", "ip-dst": "ip", "domain": "dns", "hostname": "dns", "url": "url", "md5": "filehash",
    "sha1": "filehash", "sha256": "filehash", "email-src": "mailbox",
}  # fmt: skip
_HASH = re2.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64}")
_DOMAIN = re2.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_URL = re2.compile(r"(?i)(?:https?|ftp)://[^\s/]+\S*")
_MAIL = re2.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
# Defanged as feeds have it; whoever reads alerts knows more forms (shared/parsing/refang.py).
_FANGS = (("[.]", "."), ("(.)", "."), ("[dot]", "."), ("(dot)", "."), ("[:]", ":"), ("[@]", "@"), ("[at]", "@"))


@dataclass(frozen=True, slots=True)
class Rejected:
    """Something in a feed that is not learnt: where it stands and why."""

    where: str
    reason: str


type Read = Indicator | Rejected


def read_lines(lines: Iterable[str], *, source: str) -> Iterator[Read]:
    """One value a line, `#` begins a comment. Memory does not grow with the feed."""
    for number, line in enumerate(lines, start=1):
        value = line.partition("#")[0].strip() if not line.lstrip().lower().startswith(("http", "hxxp")) else line
        if value.strip():
            yield _indicator(value.strip(), "", DEFAULT_CONFIDENCE, source, f"line {number}")


def read_json(text: str, *, source: str) -> Iterator[Read]:
    """A STIX bundle or a MISP event (one, or the `response` of a search)."""
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError) as error:
        yield Rejected("the file", f"it is no JSON: {error}")
        return
    if isinstance(tree, dict) and tree.get("type") == "bundle":
        for number, item in enumerate(_list(tree.get("objects"))):
            yield from _stix(item, source, f"objects.{number}")
    elif events := _misp_events(tree):
        for number, event in enumerate(events):
            yield from _misp(event, source, f"event {number}")
    else:
        yield Rejected("the file", "it is neither a STIX 2.1 bundle nor a MISP event")


def _stix(item: Any, source: str, where: str) -> Iterator[Read]:
    if not isinstance(item, dict) or item.get("type") != "indicator":
        return
    pattern, confidence = item.get("pattern"), item.get("confidence", DEFAULT_CONFIDENCE)
    if item.get("revoked") is True or _is_over(item.get("valid_until")):
        yield Rejected(where, "it is revoked or no longer valid")
    elif not isinstance(pattern, str) or item.get("pattern_type", "stix") != "stix":
        yield Rejected(where, "its pattern is in another language than STIX")
    elif _COMBINED.search(_QUOTED.sub("''", pattern)):
        yield Rejected(where, "its pattern is more than a choice of values: one value alone says less")
    elif not (found := _COMPARISON.findall(pattern)):
        yield Rejected(where, "its pattern compares nothing that is known here")
    else:
        for kind, path, value in found:
            if kind not in _STIX_KINDS or (path != "value" and "hashes" not in path):
                yield Rejected(where, f"{kind}:{path} is not looked up")
            else:
                plain = value.replace("\\'", "'").replace("\\\\", "\\")
                yield _indicator(plain, _STIX_KINDS[kind], confidence, source, where)


def _misp_events(tree: Any) -> list[dict[str, Any]]:
    found = tree.get("response", tree) if isinstance(tree, dict) else tree
    listed = found if isinstance(found, list) else [found]
    return [item["Event"] for item in listed if isinstance(item, dict) and isinstance(item.get("Event"), dict)]


def _misp(event: dict[str, Any], source: str, where: str) -> Iterator[Read]:
    objects = [item for item in _list(event.get("Object")) if isinstance(item, dict)]
    attributes = [*_list(event.get("Attribute")), *(one for item in objects for one in _list(item.get("Attribute")))]
    for number, attribute in enumerate(attributes):
        place = f"{where} attribute {number}"
        if not isinstance(attribute, dict) or attribute.get("to_ids") is not True:
            continue  # context for people, not for detection
        kinds, value = str(attribute.get("type", "")).split("|"), str(attribute.get("value", ""))
        values = value.split("|") if len(kinds) > 1 else [value]
        known = [(kind, one) for kind, one in zip(kinds, values, strict=False) if kind in _MISP_KINDS]
        if not known:
            yield Rejected(place, f"type {'|'.join(kinds)} is not looked up")
        for kind, one in known:
            yield _indicator(one, _MISP_KINDS[kind], DEFAULT_CONFIDENCE, source, place)


def _indicator(text: str, kind: str, confidence: Any, source: str, where: str) -> Read:
    value = refanged(text)
    found = kind_of(value)
    if not found or (kind and found != kind):
        return Rejected(where, f"{value[:80]!r} is no {kind or 'address, name, URL, mail address or hash'}")
    value = value if found == "url" else value.lower()
    if why := warning(found, value):
        return Rejected(where, f"{value[:80]!r} would match everybody: {why}")
    known = confidence if isinstance(confidence, int) and 0 <= confidence <= 100 else DEFAULT_CONFIDENCE
    return Indicator(type=found, value=value, confidence=known, severity=SEVERITY, sources=[source])


def refanged(text: str) -> str:
    """The value as it is looked up."""
    value = text.strip()
    for form, whole in _FANGS:
        value = value.replace(form, whole)
    return f"http{value[4:]}" if value[:4].lower() == "hxxp" else value


def kind_of(value: str) -> str:
    """What a whole value is: ip, filehash, url, mailbox, dns; empty for anything else."""
    if ip_address_of(value) is not None:
        return "ip"
    for kind, form in (("filehash", _HASH), ("url", _URL), ("mailbox", _MAIL)):
        if form.fullmatch(value):
            return kind
    return "dns" if _DOMAIN.fullmatch(value.lower()) else ""


def _is_over(moment: Any) -> bool:
    try:
        until = datetime.fromisoformat(str(moment))
    except ValueError:
        return False
    return (until if until.tzinfo else until.replace(tzinfo=UTC)) < datetime.now(UTC)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
