"""IOC extraction by plain rules (llm spec §5, §13): the indicators that stand in the evidence, each with its clause.
Private addresses are left out unless their clause is itself suspicious. Redaction's placeholders count as values.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

import re2

from local.simulators.addresses import is_internal
from local.simulators.evidence import Evidence
from local.simulators.signs import ATTACK, SIGNS, Weight
from shared.parsing.domains import is_domain

FROM_ENTITY = 0.95  # confidence when the alert's own entity list names the value
FROM_TEXT = 0.8
HASH_ALGORITHMS = {32: "md5", 40: "sha1", 64: "sha256"}
FILE_SUFFIXES = frozenset({
    "exe", "dll", "sys", "ps1", "psm1", "bat", "cmd", "vbs", "js", "hta", "lnk", "msi", "iso", "zip", "rar", "txt",
    "log", "doc", "docx", "docm", "xls", "xlsx", "xlsm", "pdf", "html", "aspx", "php", "jsp", "py", "dit", "bin", "tmp",
})  # fmt: skip

_ADDRESS = re2.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")
_IP_PLACEHOLDER = re2.compile(r"\bIP_(?:(?:SRC|DST)_)?\d{3,4}\b")
_HASH = re2.compile(r"\b(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{40}|[0-9a-fA-F]{32})\b")
_URL = re2.compile(r"\bhttps?://[^\s\"'<>),]+")
_EMAIL = re2.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b|\bEMAIL_\d{3,4}\b")
_DOMAIN = re2.compile(r"(?i)\b(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}\b")
_ACCOUNT = re2.compile(r"\bUSER_\d{3,4}\b|\b[A-Z][A-Z0-9-]+\\[\w.$-]+")
_SHARE = re2.compile(r"\\\\[\w.-]+(?:\\[^\s\\\"']+)*")  # a host and a path: `HOST\path` inside it is no account
_REGISTRY = re2.compile(r"\bHK(?:LM|CU|CR|U|EY_[A-Z_]+)\\[^\s\"',;)]+")
_PROCESS = re2.compile(r"(?i)\b[\w-]+\.exe\b")


def extract_indicators(evidence: Evidence) -> dict[str, Any]:
    """Lists by kind under the schema's property names; ``none_found`` is true when all are empty."""
    passages = (*evidence.passages, *evidence.orders)
    shares = " ".join(share for share, _ in _matches(_SHARE, passages))
    found: dict[str, Any] = {
        "ip_addresses": [_ip(value, clause) for value, clause in _addresses(passages, evidence)],
        "file_hashes": [_hash(value, clause, evidence) for value, clause in _matches(_HASH, passages)],
        "domains": [_plain(value, clause, evidence) for value, clause in _domains(passages, evidence)],
        "urls": _listed(_URL, passages, evidence, "url"),
        "emails": _listed(_EMAIL, passages, evidence, "mailbox"),
        "accounts": [
            item
            for item in _listed(_ACCOUNT, passages, evidence, "account")
            if not item["value"].startswith("HK")  # a registry hive, not a Windows domain
            and item["value"] not in shares
        ],
        "registry_keys": _listed(_REGISTRY, passages, evidence, "registry_key"),
        "processes": _listed(_PROCESS, passages, evidence, "process"),
    }
    found["none_found"] = not any(found.values())
    return found


def _matches(pattern: Any, passages: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Each distinct value with the first passage that has it."""
    seen: set[str] = set()
    for passage in passages:
        for match in pattern.finditer(passage):
            value = match.group(0).rstrip(".")
            if value not in seen:
                seen.add(value)
                yield value, passage


def _plain(value: str, clause: str, evidence: Evidence) -> dict[str, Any]:
    named = value in {entity.value for entity in evidence.entities}
    return {"value": value, "confidence": FROM_ENTITY if named else FROM_TEXT, "context": clause}


def _listed(pattern: Any, passages: tuple[str, ...], evidence: Evidence, kind: str) -> list[dict[str, Any]]:
    """Entities of ``kind`` first, then what the text shows beyond them."""
    clauses = {entity.value: f"{kind}: {entity.details}" for entity in evidence.entities if entity.kind == kind}
    for value, clause in _matches(pattern, passages):
        if not any(value in known for known in clauses):
            clauses[value] = clause
    return [_plain(value, clause, evidence) for value, clause in clauses.items()]


def _addresses(passages: tuple[str, ...], evidence: Evidence) -> Iterator[tuple[str, str]]:
    yield from _matches(_IP_PLACEHOLDER, passages)
    for value, clause in _matches(_ADDRESS, passages):
        try:
            address = ipaddress.ip_address(value)
        except ValueError:
            continue  # a version number or a time of day looks alike
        if not is_internal(address) or _is_suspicious(clause):
            yield value, clause


def _is_suspicious(clause: str) -> bool:
    return any(sign.weight in {Weight.INDUSTRIAL, *ATTACK} and sign.shows_in(clause) for sign in SIGNS)


def _ip(value: str, clause: str) -> dict[str, Any]:
    before = clause[: clause.find(value)].lower()
    direction = "unknown"
    if value.startswith("IP_SRC") or before.rstrip(" :=").endswith(("from", "source", "src", "client")):
        direction = "src"
    elif value.startswith("IP_DST") or before.rstrip(" :=").endswith(("to", "destination", "dst", "with")):
        direction = "dst"
    confidence = FROM_ENTITY if before.startswith("ip:") else FROM_TEXT
    return {"value": value, "direction": direction, "confidence": confidence, "context": clause}


def _hash(value: str, clause: str, evidence: Evidence) -> dict[str, Any]:
    algorithm = HASH_ALGORITHMS[len(value)]
    name = next((entity.value for entity in evidence.entities if entity.kind == "file" and value in entity.details), "")
    return {
        **_plain(value, clause, evidence),
        "algorithm": algorithm,
        "hash_type": algorithm,
        "type": algorithm,
        "file_name": name,
    }


def _domains(passages: tuple[str, ...], evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Names outside e-mail addresses that are neither files nor the alert's own hosts and accounts."""
    own = {value.lower() for value in evidence.named("host", "account", "file", "process")}
    for value, clause in _matches(_DOMAIN, passages):
        start = clause.find(value)
        glued = clause[start - 1 : start] in {"@", "\\", "="} if start else False
        addressed = clause[start + len(value) : start + len(value) + 1] == "@"
        is_file = value.rsplit(".", 1)[-1].lower() in FILE_SUFFIXES
        if value.lower() in own or is_file or glued or addressed or not is_domain(value, certain=True):
            continue
        yield value, clause
