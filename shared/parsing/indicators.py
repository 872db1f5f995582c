"""Indicators in free text, for alerts whose entities are missing or unreadable. Attackers write this text: it meets RE2
and a linear scanner only, in its first SCAN_LIMIT characters. Defanged forms (hxxp, [.], (dot), [at]) are read too.

1. Defanged forms are made whole.  2. URLs are taken out.  3. The rest is cut into words, and each word is tried as an
address, hash, e-mail or domain. A word never meets a pattern, so no text makes the scan slower than its length.
"""

from __future__ import annotations

import ipaddress
from typing import Any

import re2

from shared.contracts.entity import EntityType
from shared.parsing.collection import SCATTERED, Collection
from shared.parsing.kinds import ALGORITHMS, HEX
from shared.parsing.top_level_domains import ALSO_FILES, TOP_LEVEL
from shared.parsing.value import clean, encodable

SCAN_LIMIT = 262_144
MAX_WORD = 320  # characters; the longest e-mail address (RFC 5321)
MAX_DOMAIN = 253  # characters (RFC 1035)
PRODUCT_NAMES = frozenset({"asp.net", "ado.net", "vb.net", "system.net", "socket.io"})
VERSION_WORDS = frozenset({"version", "ver", "v", "build", "release"})

_DEFANGED = re2.compile(r"(?i)hxxp|[\[({]\s?(?:\.|dot)\s?[\])}]|[\[({]\s?(?:@|at)\s?[\])}]|\[:\]|\[://\]")
_URL = re2.compile(r"(?i)(?:https?|ftps?)://[^\s<>\"'`{}|\\^\x00-\x1f]+")
_SEPARATORS = str.maketrans(dict.fromkeys(" \t\r\n,;|=<>()[]{}\"'`*!?#$&~^", " "))
_CLOSERS = {")": "(", "]": "["}


def find_indicators(text: str, found: Collection, *, where: str) -> None:
    """Add every indicator of ``text`` to ``found``, with confidence 0.6. A text too long to scan is a loss."""
    if len(text) > SCAN_LIMIT:
        found.lose(where, f"{len(text)} characters, only the first {SCAN_LIMIT} were searched for indicators")
    text = refang(encodable(text[:SCAN_LIMIT]))
    if "://" in text:
        for match in _URL.finditer(text):
            _take_url(match.group(), found)
        text = _URL.sub(" ", text)
    previous = ""
    for word in text.translate(_SEPARATORS).split():
        if len(word) <= MAX_WORD:
            _take_word(word, previous, found)
        previous = word


def refang(text: str) -> str:
    """Make defanged indicators whole: hxxp://evil[.]example becomes http://evil.example."""
    return str(_DEFANGED.sub(_whole, text))


def _whole(match: Any) -> str:
    form = match.group().lower()
    if form == "hxxp":
        return "http"
    if ":" in form:
        return "://" if "/" in form else ":"
    return "@" if "@" in form or "at" in form else "."


def _take_url(value: str, found: Collection) -> None:
    value = value.rstrip(".,;:!?*")
    while value and (opener := _CLOSERS.get(value[-1])) and value.count(opener) < value.count(value[-1]):
        value = value[:-1].rstrip(".,;:!?*")
    if len(value.partition("://")[2]) > 1:
        found.add(EntityType.URL, clean(value), confidence=SCATTERED)


def _take_word(word: str, previous: str, found: Collection) -> None:
    word = word.strip(".-_%+/") if not word.startswith(("/", "\\", "%")) else ""  # paths and variables are no names
    if "\\" in word or len(word) < 3:
        return
    if "@" in word:
        _take_email(word.strip(":"), found)
    elif word.count(":") > 1:
        _take_ipv6(word, found)
    else:
        head, _, tail = word.partition(":")  # `sha256:…`, `203.0.113.7:443`
        for part in (head, tail):
            _take_name(part.partition("/")[0].rstrip("."), previous, found)


def _take_name(word: str, previous: str, found: Collection) -> None:
    if len(word) in ALGORITHMS and not word.lower().strip(HEX):
        properties = {"algorithm": ALGORITHMS[len(word)]}
        found.add(EntityType.FILEHASH, word.lower(), properties, confidence=SCATTERED)
    elif word.count(".") == 3 and word.replace(".", "").isdecimal():
        if previous.lower().rstrip(".:") not in VERSION_WORDS:
            _take_address(word, found)
    elif "." in word and is_domain(word, certain=word.lower().startswith("www.")):
        found.add(EntityType.DNS, clean(word.lower()), confidence=SCATTERED)


def _take_email(word: str, found: Collection) -> None:
    local, _, domain = word.rpartition("@")
    if local and "@" not in local and is_domain(domain, certain=True):
        found.add(EntityType.MAILBOX, clean(word), confidence=SCATTERED)


def _take_ipv6(word: str, found: Collection) -> None:
    word = word.partition("/")[0]
    word = word if word.endswith("::") else word.rstrip(":")
    if any(character.isdigit() for character in word):  # `dead::beef` is more often a name in a program
        _take_address(word, found)


def _take_address(word: str, found: Collection) -> None:
    try:
        address = ipaddress.ip_address(word)
    except ValueError:
        return  # a version number, a time of day or a MAC address looks alike
    found.add(EntityType.IP, str(address), confidence=SCATTERED)


def is_domain(name: str, *, certain: bool) -> bool:
    """Whether a dotted word is a domain; ``certain`` when its place says so: then endings that files have count too."""
    labels = name.split(".")
    top = labels[-1]
    if len(name) > MAX_DOMAIN or len(labels) < 2 or not all(map(_is_label, labels)):
        return False
    if top.lower().startswith("xn--"):
        return True
    if top.lower() not in TOP_LEVEL or top.istitle() or name.lower() in PRODUCT_NAMES:
        return False  # `System.Net` is a name in a program
    return certain or len(labels) > 2 or top.lower() not in ALSO_FILES


def _is_label(label: str) -> bool:
    return 0 < len(label) <= 63 and label[0] != "-" != label[-1] and label.replace("-", "").replace("_", "").isalnum()
