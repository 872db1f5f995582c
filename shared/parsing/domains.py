"""Whether a dotted word in free text is a domain, or a file, a version, a package or a call in a program."""

from __future__ import annotations

from shared.parsing.public_suffix import INSIDE, is_suffix, is_top_level

MAX_DOMAIN = 253  # characters (RFC 1035)
MAX_LABEL = 63
# Endings that files and sources have more often than domains: `run.sh` is a file, `www.run.sh` and `run[.]sh` are domains.
FILE_ENDINGS = frozenset("java md mov pm ps py re rs sh so st zip".split())
# Endings that are attributes and methods in programs, and words in sentences without a space after the full stop.
MEMBER_ENDINGS = frozenset(
    """
    ad am app as at bar be box by call data date day do download email events exchange foo game games group help host how
    id in info io is it like link live map me media mobi my name network new news next no now on one open page play plus
    post pro prod read run sc search show so store stream style support to tools tv us watch win work zone
    """.split()
)
SOURCE_ENDINGS = frozenset("ac ai am as cc gs hs in la ml ms pl pn tf vi".split())  # after a name such as `main`
CAPITALISED = frozenset({"com", "org", "ru"})  # endings that are written `Evil.Com`, and that are no words
# First labels that programs have: `document.name`, `java.net`, `self.host`.
PROGRAM_WORDS = frozenset(
    """
    android app args array aws client cls col config console context cookie core ctx data df dict doc document each element entry
    env error event exc file form foo function global input int io item java javax json key kotlin lib line list local location
    log logger main map math match model module msg net node np obj object options os output package page param params
    parent path pd plt proc process prop props query req request res resp response result root row rule scala schema
    screen self server session set socket src state std str string sys system table task test text this thread time
    token tree tuple type url urllib user util utils val value values var vm win window worker xml
    """.split()
)
# Reversed names, `com.example.mobile.app`, begin with these and end in a word; a domain so long ends in its country or .com.
REVERSED = frozenset("com org net edu gov io de me dev app co android androidx java javax kotlin cn uk ru fr jp".split())
DOMAIN_ENDINGS = frozenset("com net org ru cn de uk eu info biz top xyz fr nl br jp kr pl ua ir tk cc su pw".split())
PRODUCT_NAMES = frozenset({"asp.net", "ado.net", "vb.net", "ml.net", "system.net", "socket.io", "node.js", "draw.io"})
HOST_LABELS = frozenset("www ftp mail smtp mx ns ns1 ns2 cdn api static dl download update updates img files dev m".split())
SHORT_NAMES = frozenset({"com", "co", "me", "org", "net", "ly", "io", "ru", "cc"})  # `t.co`, but neither `a.in` nor `e.g`


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
    if top in FILE_ENDINGS:
        return True
    if len(labels) > 2 and first in REVERSED and top not in DOMAIN_ENDINGS and top not in INSIDE:
        return True
    if top in MEMBER_ENDINGS and (first in PROGRAM_WORDS or second in PROGRAM_WORDS or written[0].istitle()):
        return len(labels) == 2 or len(first) == 1 or first in PROGRAM_WORDS
    if top in SOURCE_ENDINGS and len(labels) == 2 and first in PROGRAM_WORDS:
        return True
    if len(labels) == 2 and (len(second) == 1 or second.isdecimal()):
        return top not in SHORT_NAMES and not (second.isdecimal() and top in DOMAIN_ENDINGS)
    return False
