"""Whether a dotted word in free text is a domain, or a file, a version, a package or a call in a program."""

from __future__ import annotations

from shared.parsing.public_suffix import INSIDE, is_suffix, is_top_level
from shared.parsing.vocabulary import (
    CAPITALISED,
    DOMAIN_ENDINGS,
    FILE_ENDINGS,
    HOST_LABELS,
    MEMBER_ENDINGS,
    PRODUCT_NAMES,
    PROGRAM_WORDS,
    REVERSED,
    SHORT_NAMES,
    SOURCE_ENDINGS,
)

MAX_DOMAIN = 253  # characters (RFC 1035)
MAX_LABEL = 63


def is_domain(name: str, *, certain: bool) -> bool:
    """Whether a dotted word is a domain; ``certain`` when its place or its defanging says that it names a host."""
    lower = name.lower()
    labels = lower.split(".")
    top = labels[-1]
    if len(labels) < 2 or len(name) > MAX_DOMAIN or not is_top_level(top) or not _are_labels(lower, labels):
        return False
    if "_" in labels[-2] or (len(top) == 2 and is_suffix(lower)):  # of longer endings, only the whole is a suffix
        return False
    return certain or not _is_program(name, labels, top)


def _are_labels(name: str, labels: list[str]) -> bool:
    if not all(labels) or not name.replace(".", "").replace("-", "").replace("_", "").isalnum():
        return False
    hyphens = "-" in name and any(label[0] == "-" or label[-1] == "-" for label in labels)
    return not hyphens and (len(name) <= MAX_LABEL or max(map(len, labels)) <= MAX_LABEL)


def _is_program(name: str, labels: list[str], top: str) -> bool:
    """Whether a well-formed name is more likely a file, a product, or something in a program or a sentence."""
    written = name.split(".")
    if name.lower() in PRODUCT_NAMES or (written[-1] != top and not name.isupper() and top not in CAPITALISED):
        return True  # `System.Net`, `System.IO`, `ended.In`
    first, second = labels[0], labels[-2]
    if first in HOST_LABELS and len(labels) > 2:
        return False
    if len(labels) == 2 and (len(second) == 1 or second.isdecimal()):
        return top not in SHORT_NAMES and not (second.isdecimal() and top in DOMAIN_ENDINGS)
    package = len(labels) > 2 and first in REVERSED and top not in DOMAIN_ENDINGS and top not in INSIDE
    source = len(labels) == 2 and first in PROGRAM_WORDS and top in SOURCE_ENDINGS
    return top in FILE_ENDINGS or package or source or (top in MEMBER_ENDINGS and _is_member(written, first, second))


def _is_member(written: list[str], first: str, second: str) -> bool:
    """Whether a name that ends like a member of an object is one: `window.name`, `e.data.host`, `Thread.run`."""
    program = first in PROGRAM_WORDS or second in PROGRAM_WORDS or written[0].istitle()
    return program and (len(written) == 2 or len(first) == 1 or first in PROGRAM_WORDS)
