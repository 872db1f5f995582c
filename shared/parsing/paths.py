"""File paths of Windows and POSIX, registry keys, and what is written like them, `CORP\\user`, in UTF-8 bytes.

A path may hold spaces, and a sentence goes on after it. 1. RE2 finds where something begins.  2. RE2 takes a generous
run from there.  3. The words of a sentence, or the ending of a file before a space, cut it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shared.contracts.entity import EntityType
from shared.parsing.addresses import ipv4
from shared.parsing.allowance import Allowance
from shared.parsing.bytewise import bytewise
from shared.parsing.domains import is_domain
from shared.parsing.sighting import Piece, Sighting, Span
from shared.parsing.vocabulary import ACCOUNT_CUES, FILE_NAME_ENDINGS, FOLDERS, SENTENCE_WORDS

_S = r"[^\\/:*?\"'`<>|,;\s\x00-\x20]"  # of a name in a Windows path
_RUN = rf"{_S}+(?: {_S}+){{0,5}}"
_SEPARATOR = r"(?:\\{1,2}|/)"
_HIVE = r"(?:HKEY_[A-Z_]+|HK(?:LM|CU|CR|CC|PD|U))(?:64|32)?:?|\\REGISTRY\\(?:MACHINE|USER)"
_ENVIRONMENT = r"%[A-Z_0-9()]+%|\$env:[A-Z_0-9]+|\$\{env:[A-Z_0-9()]+\}"
_POSIX_ROOT = (
    r"/(?:bin|boot|dev|etc|home|lib|lib32|lib64|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp|usr|var|Users|Library|System"
    r"|Applications|Volumes|private|data|sdcard|snap|nix|vol[0-9]+)\b"
)
_AUTHORITIES = "NT AUTHORITY|NT SERVICE|NT VIRTUAL MACHINE|BUILTIN|IIS APPPOOL|Window Manager|Font Driver Host"

_START = bytewise(
    rf"(?i:(?:\\[nrt])?\b(?:{_HIVE})\\|(?:\\[nrt])?\b[A-Z]:[\\/]|(?:{_ENVIRONMENT})\\|\\\\[?.]\\|\\REGISTRY\\"
    rf"|\b(?:{_AUTHORITIES}|[0-9A-Z][0-9A-Z_.-]*)\\{{1,2}}[0-9A-Z_.$-]+(?: SERVICE\b)?|\\\\(?:\\\\)?[0-9A-Z])"
    rf"|{_POSIX_ROOT}|~[a-z0-9_-]*/"
)  # JSON inside a string writes a line break as `\n`, and a name may follow it
_NAMES = rf"(?:{_RUN}{_SEPARATOR})*(?:{_RUN}\.[A-Z][A-Z0-9]{{1,4}}\b|{_S}*)"
_KEY = rf"{_S}+(?: (?-i:[A-Z]){_S}*)*"
_REGISTRY = bytewise(rf"(?i:(?:{_HIVE})\\{{1,2}}(?:{_RUN}\\{{1,2}})*(?:{_KEY})?)")
_WINDOWS = bytewise(rf"(?i:(?:\\\\[?.]\\(?:[A-Z]:\\)?|[A-Z]:{_SEPARATOR}|(?:{_ENVIRONMENT})\\{{1,2}}){_NAMES})")
_SHARE = bytewise(rf"(?i:\\\\(?:\\\\)?([0-9A-Z][0-9A-Z_.-]*)(?:@SSL|@[0-9]+)*\\{{1,2}}{_NAMES})")
_P = r"(?:\\ |[^\s\"'`<>|;,&(){}\[\]*?:\\/\x00-\x20])"
_POSIX = bytewise(rf"(?:/|~[a-z0-9_-]*/){_P}+(?:/+{_P}+)*/?")

LONG = 64  # bytes of a path that take as long as one more path
MAX_PATH = 1_024  # bytes; Windows and POSIX programs stop at 260 and 4,096, alerts well before
_ALONE = ("/tmp", "~")  # noqa: S108 - folders that a text names, none that is used
_VERBS = (b"GET ", b"POST ", b"PUT ", b"HEAD ", b"DELETE ", b"OPTIONS ", b"PATCH ")
_JOINED = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_./-%~@\\}")


def find_paths(data: bytes, piece: Piece, allowance: Allowance) -> Iterator[Span]:
    """Each path, key and account of a piece of the text. Stops at the allowance."""
    at, bound = piece
    while match := _START.search(data, at, bound):
        start, end = match.span()
        token = data[start:end]
        if allowance.paths <= 0:
            yield Span(start, None, [])
            return
        allowance.paths -= 1
        if token[:2] in (b"\\n", b"\\r", b"\\t") and token[2:3].isalpha():
            start, token = start + 2, token[2:]
        taken, seen = _read(data, start, token, min(start + MAX_PATH, bound))
        at = max(taken, end)
        allowance.paths -= (taken - start) // LONG
        if seen:
            yield Span(start, taken, seen)


def _read(data: bytes, start: int, token: bytes, bound: int) -> tuple[int, list[Sighting]]:
    """Where what begins with ``token`` ends, and what it is."""
    first, upper = token[:1], token[:9].upper()
    before = data[max(start - 16, 0) : start]
    if first in b"/~":
        return _posix(data, start, before, bound)
    if upper.startswith((b"HKEY_", b"HKLM", b"HKCU", b"HKCR", b"HKCC", b"HKPD", b"HKU", b"\\REGISTRY")):
        return _spaced(_REGISTRY, EntityType.REGISTRY_KEY, data, start, bound)
    if first in b"%$" or token[1:2] == b":" or token[:3] in (b"\\\\?", b"\\\\."):
        return _spaced(_WINDOWS, EntityType.FILE, data, start, bound)
    if first == b"\\":
        return _share(data, start, before, bound)
    return _account(data, start, token, before)


def _posix(data: bytes, start: int, before: bytes, bound: int) -> tuple[int, list[Sighting]]:
    if (before and before[-1] in _JOINED) or before.endswith(_VERBS):
        return start, []
    match = _POSIX.match(data, start, bound)
    if match is None:
        return start, []
    path = match.group().decode("utf-8", "replace").rstrip(".").replace("\\ ", " ")
    if path.count("/") < 2 and not path.startswith(_ALONE):
        return match.end(), []
    return match.end(), [_file(path, "/")]


def _spaced(pattern: Any, kind: EntityType, data: bytes, start: int, bound: int) -> tuple[int, list[Sighting]]:
    match = pattern.match(data, start, bound)
    if match is None:
        return start, []
    taken, path = _cut(match.group().decode("utf-8", "replace"))
    if kind is EntityType.REGISTRY_KEY:
        hive, _, rest = path.partition("\\")
        seen = [Sighting(kind, f"{hive.rstrip(':')}\\{rest}")] if rest else []
    else:
        seen = [_file(path, "\\")] if len(path) > 3 else []
    return start + len(taken.encode()), seen


def _share(data: bytes, start: int, before: bytes, bound: int) -> tuple[int, list[Sighting]]:
    if before and before[-1] in _JOINED:
        return start, []
    match = _SHARE.match(data, start, bound)
    if match is None:
        return start, []
    taken, path = _cut(match.group().decode("utf-8", "replace"))
    host = match.group(1).decode()
    path = "\\\\" + path.lstrip("\\")
    if path.count("\\") < 3 or path.endswith(f"{host}\\"):
        return start, []  # a host without a share
    seen = [_file(path, "\\")]
    if host.count(".") == 3 and (address := ipv4(host)):
        seen.append(address)
    elif is_domain(host, certain=True):
        seen.append(Sighting(EntityType.DNS, host.lower()))
    elif "." not in host:
        seen.append(Sighting(EntityType.HOST, host, {"hostname": host}))
    return start + len(taken.encode()), seen


def _account(data: bytes, start: int, token: bytes, before: bytes) -> tuple[int, list[Sighting]]:
    end = start + len(token)
    domain, _, user = token.decode("utf-8", "replace").replace("\\\\", "\\").partition("\\")
    user = user.rstrip(".-")
    followed, preceded = data[end : end + 1] in (b"\\", b"/"), bool(before) and before[-1] in _JOINED
    if (
        followed
        or preceded
        or not user
        or user.rpartition(".")[2].lower() in FILE_NAME_ENDINGS
        or domain.lower() in FOLDERS
    ):
        return end, []
    words = before.decode("utf-8", "replace").lower().replace(":", " ").replace("=", " ").replace('"', " ").split()
    if domain.isupper():
        escaped = user[0] in "nrt" and (len(user) == 1 or user[1].isupper())  # a line break in a JSON string
        if escaped or len(domain) < 2 or len(domain) > 20:
            return end, []
    elif " " not in domain and not (words and words[-1].lstrip("/-") in ACCOUNT_CUES):
        return end, []
    return end, [Sighting(EntityType.ACCOUNT, user, {"name": user, "nt_domain": domain})]


def _file(path: str, separator: str) -> Sighting:
    directory, _, name = path.rstrip("\\/").replace("/", separator).rpartition(separator)
    return Sighting(EntityType.FILE, name or path, {"directory": directory, "full_path": path})


def _cut(run: str) -> tuple[str, str]:
    """As much of a generous run as is the path, as it stands in the text, and with doubled backslashes made single."""
    end = run.find(" ")
    while end >= 0:
        word = run[max(run.rfind(mark, 0, end) for mark in " \\/") + 1 : end]
        following = run[end + 1 : end + 16].replace("\\", " ").replace("/", " ").partition(" ")[0]
        if following in SENTENCE_WORDS and word != "Documents":
            break
        if word[-1:] in ".!?" or ("." in word and word.rpartition(".")[2].lower() in FILE_NAME_ENDINGS):
            break
        end = run.find(" ", end + 1)
    taken = run if end < 0 else run[:end]
    taken = taken.rstrip(" .!)]}" if taken.count("(") < taken.count(")") else " .!]")
    root = "\\\\" if taken.startswith("\\\\") else ""
    return taken, root + taken[len(root) :].replace("\\\\", "\\")
