"""Names that only the evidence itself can tell to be personal or internal: accounts, people and hosts of its entities.

Reads parsed entities (`entity_type`, `primary_value`), Sentinel's own (`Type`, `Name`, `HostName`) and names in paths.
"""

from __future__ import annotations

import string
from collections.abc import Iterator
from typing import Any

import re2

from shared.gateway.evidence import Evidence

# Accounts that every system has: they name nobody, and their meaning must stay.
WELL_KNOWN = frozenset({
    "system", "local system", "localsystem", "local service", "network service", "administrator", "admin", "root",
    "guest", "default", "public", "all users", "anonymous", "anonymous logon", "everyone", "nobody", "localhost",
    "unknown", "none", "null", "user", "users", "n/a", "administrators", "domain admins", "enterprise admins",
    "schema admins", "backup operators",
})  # fmt: skip
MIN_LENGTH = 2
TYPE_KEYS = ("entity_type", "type", "Type", "kind")
CATEGORY_TYPES = {"accounts": "account", "hosts": "host", "ips": "ip"}
# Columns of log tables, and of what the questions to them make of these, that hold such a name (shared/hunting).
COLUMN_TYPES = {
    **dict.fromkeys(("AccountName", "Accounts", "AccountDisplayName", "TargetUserName", "SubjectUserName"), "account"),
    **dict.fromkeys(("DeviceName", "Devices", "Computer", "RemoteDeviceName", "DestinationDeviceName"), "host"),
}
NAMED_TYPES = CATEGORY_TYPES | COLUMN_TYPES
NAME_KEYS = {
    "account": {
        "primary_value": "USER", "value": "USER", "Name": "USER", "name": "USER", "SamAccountName": "USER",
        "AccountName": "USER", "DisplayName": "PERSON", "display_name": "PERSON",
    },
    "host": {
        "primary_value": "HOST", "value": "HOST", "HostName": "HOST", "hostname": "HOST", "NetBiosName": "HOST",
        "FQDN": "HOST", "FullName": "HOST", "name": "HOST",
    },
}  # fmt: skip
ADDRESS_KEYS = ("primary_value", "value", "Address", "address")
DIRECTION_KEYS = ("direction", "role", "Direction", "Role")
IP_KINDS = frozenset({"IP_SRC", "IP_DST"})
DIRECTIONS = {"src": "IP_SRC", "source": "IP_SRC", "dst": "IP_DST", "dest": "IP_DST", "destination": "IP_DST"}

USER_PATH = re2.compile(r"(?i)(?:\b[a-z]:|\\|\b)(?:\\+users\\+|\\+documents and settings\\+|/home/|/users/)([\w.$-]+)")
# A Windows logon name. RE2 cannot look around, so `logon_user` checks the neighbours.
LOGON_NAME = re2.compile(r"\b([A-Z][A-Z0-9-]{0,14})\\{1,2}([A-Za-z0-9_](?:[\w.$-]*\w)?)")
NOT_DOMAINS = frozenset({"HKLM", "HKCU", "HKCR", "HKU", "HKCC", "BUILTIN", "WINDOWS", "SYSTEM32"})
_FILE_NAME = re2.compile(r"(?i)\.(?:exe|dll|sys|ps1|bat|cmd|vbs|js|txt|log|tmp|zip|docx?|xlsx?)$")


def find_names(evidence: Evidence) -> dict[str, str]:
    """Each name to hide and the kind of its placeholder: USER, PERSON, HOST, or IP_SRC and IP_DST for addresses."""
    names: dict[str, str] = {}
    for entity, kind in _entities([evidence.alert, evidence.context], ""):
        for name, label in _names_of(entity, kind):
            names.setdefault(name, label)
    for _, text in evidence.strings():
        for found in USER_PATH.finditer(text):
            names.setdefault(found.group(1), "USER")
        for found in LOGON_NAME.finditer(text):
            if (user := logon_user(found, text)) is not None:
                names.setdefault(user, "USER")
    # A name ends where its last letter does: what follows a placeholder must never be taken for its number.
    trimmed = {
        name if label in IP_KINDS else name.strip(string.punctuation + " "): label for name, label in names.items()
    }
    return {name: label for name, label in trimmed.items() if is_personal(name)}


def logon_user(found: Any, text: str) -> str | None:
    """The user of a LOGON_NAME match in ``text``; None when it is a piece of a path or of the registry."""
    before, after = text[max(found.start() - 1, 0) : found.start()], text[found.end() : found.end() + 1]
    user = str(found.group(2))
    in_path = before in {"\\", "/", ":", ".", "-", "%"} or after in {"\\", "/"} or _FILE_NAME.search(user)
    return None if in_path or found.group(1) in NOT_DOMAINS or not is_personal(user) else user


def is_personal(name: str) -> bool:
    """False for accounts that every system has and for what is too short to be told from text."""
    return len(name) >= MIN_LENGTH and name.casefold() not in WELL_KNOWN


def _entities(value: Any, kind: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Every object that says it is an entity, or that stands in a list or a column of entities."""
    if isinstance(value, str) and kind:
        yield {"value": value}, kind
    elif isinstance(value, list):
        for item in value:
            yield from _entities(item, kind)
    elif isinstance(value, dict):
        named = next((value[key] for key in TYPE_KEYS if isinstance(value.get(key), str)), "").lower() or kind
        if named:
            yield value, named
        for key, item in value.items():
            # properties repeat the entity's own names, so they are read as the same kind
            yield from _entities(item, NAMED_TYPES.get(key, named if key == "properties" else ""))


def _names_of(entity: dict[str, Any], kind: str) -> Iterator[tuple[str, str]]:
    for key, label in NAME_KEYS.get(kind, {}).items():
        name = entity.get(key)
        if not isinstance(name, str) or "@" in name:  # addresses are found by their form
            continue
        name = name.rpartition("\\")[2].strip() if label == "USER" else name.strip()
        yield name, label
        if label == "HOST" and "." in name:
            yield name.partition(".")[0], label
    if kind == "ip":
        properties = entity.get("properties")
        stated = {**(properties if isinstance(properties, dict) else {}), **entity}
        direction = next((str(stated[key]).lower() for key in DIRECTION_KEYS if stated.get(key)), "")
        for key in ADDRESS_KEYS:
            if direction in DIRECTIONS and isinstance(entity.get(key), str):
                yield entity[key], DIRECTIONS[direction]
