"""Scores of what a contender found in the labelled set, by kind. The rules are in README.md and treat all alike."""

from __future__ import annotations

import ipaddress
import json
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LABELLED = Path(__file__).with_name("labelled.jsonl")
KINDS = ("ip", "domain", "url", "email", "hash", "cve", "path", "registry", "account", "host", "asn", "crypto")
DEFANGED = ("ip", "domain", "url", "email")
FORMS = (
    (" [.] ", "."), ("[.]", "."), ("(.)", "."), ("{.}", "."), ("<.>", "."), ("\\.", "."),
    ("[dot]", "."), ("(dot)", "."), ("[DOT]", "."), ("[@]", "@"), ("(@)", "@"), ("[at]", "@"), ("[AT]", "@"),
    ("(at)", "@"), ("[:]", ":"), ("hxxp", "http"), ("hXXp", "http"), ("fxp:", "ftp:"),
)  # fmt: skip
HIVES = {
    "hkey_local_machine": "hklm", "hkey_current_user": "hkcu", "hkey_classes_root": "hkcr", "hkey_users": "hku",
    "hkey_current_config": "hkcc",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Score:
    """Right, wrong and missed values of one kind."""

    right: int
    wrong: int
    missed: int

    @property
    def recall(self) -> float:
        return self.right / max(self.right + self.missed, 1)

    @property
    def precision(self) -> float:
        return self.right / max(self.right + self.wrong, 1)


def labelled() -> list[dict[str, Any]]:
    """The labelled set: {"text", "defanged", "found": [[kind, value], ...]} each."""
    return [json.loads(line) for line in LABELLED.read_text(encoding="utf-8").splitlines()]


def scores(found: Iterable[Iterable[tuple[str, str]]], texts: Iterable[dict[str, Any]]) -> dict[str, Score]:
    """By kind. A wrong value that lies inside a labelled value of another kind, such as the host of a URL, is no
    fault.
    """
    right, wrong, missed = Counter[str](), Counter[str](), Counter[str]()
    for pairs, text in zip(found, texts, strict=True):
        wanted = {(kind, normal(kind, value)) for kind, value in text["found"]}
        got = {(kind, normal(kind, value)) for kind, value in pairs}
        right.update(kind for kind, _ in wanted & got)
        missed.update(kind for kind, _ in wanted - got)
        wrong.update(
            kind
            for kind, value in got - wanted
            if not any(kind != other and _bare(value) in whole for other, whole in wanted)
        )
    return {kind: Score(right[kind], wrong[kind], missed[kind]) for kind in KINDS}


def normal(kind: str, value: str) -> str:
    """One writing of a value that has several; a tool may leave it defanged, as long as it found the whole of it."""
    value = value.strip()
    if kind in DEFANGED:
        for form, whole in FORMS:
            value = value.replace(form, whole)
    return NORMAL[kind](value) if kind in NORMAL else value.casefold().rstrip(".")


def _address(value: str) -> str:
    with suppress(ValueError):
        return str(ipaddress.ip_address(value.strip("[]").partition("%")[0]))
    return value


def _url(value: str) -> str:
    scheme, mark, rest = value.partition("://") if "://" in value else ("", "", value)
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}{mark}{host.lower()}{slash}{path}".rstrip("/.,;:")


def _path(value: str) -> str:
    return value.casefold().rstrip("\\/.")


def _key(value: str) -> str:
    hive, mark, rest = _path(value).partition("\\")
    return f"{HIVES.get(hive, hive)}{mark}{rest}"


def _as_number(value: str) -> str:
    return value.upper().replace("ASN", "AS").replace(" ", "")


NORMAL: dict[str, Callable[[str], str]] = {
    "ip": _address, "url": _url, "path": _path, "registry": _key, "asn": _as_number, "crypto": str
}  # fmt: skip


def _bare(value: str) -> str:
    """A URL that a tool made of a name, without the scheme that the tool put before it."""
    return value.casefold().partition("://")[2] or value.casefold()
