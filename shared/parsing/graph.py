"""Sentinel's entity JSON as a flat list of nodes. `$id`/`$ref` is Json.NET's PreserveReferencesHandling: a reference
may stand before or after what it refers to. Keys come in any case, objects nest, lists nest, JSON hides in strings.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import orjson

from shared.errors import InvalidInput
from shared.parsing.collection import Collection

MAX_DEPTH = 64
MAX_VALUES = 5_000  # objects and list items looked at: a megabyte of `{},{},` must not hold up the alerts behind it

# What an object without a Type is, by the key that it stands under.
ROLES = {
    "account": "account",
    "destinationaddress": "ip",
    "dnsserverip": "ip",
    "file": "file",
    "filehashes": "filehash",
    "files": "file",
    "host": "host",
    "hostipaddress": "ip",
    "imagefile": "file",
    "ipaddress": "ip",
    "ipaddresses": "ip",
    "mailbox": "mailbox",
    "parentprocess": "process",
    "process": "process",
    "sourceaddress": "ip",
}
# What an object without a Type and without a role is, by a key that only one type has.
TELLING_KEYS = {
    "address": "ip",
    "hostname": "host",
    "netbiosname": "host",
    "upnsuffix": "account",
    "aaduserid": "account",
    "commandline": "process",
    "processid": "process",
    "domainname": "dns",
    "mailboxprimaryaddress": "mailbox",
    "networkmessageid": "mailmessage",
    "url": "url",
}


@dataclass(frozen=True, slots=True)
class Reference:
    """``{"$ref": "7"}``"""

    target: str


@dataclass(slots=True, eq=False)
class Node:
    """One object: its type in lower case ("" when unknown), and its fields with lower-case keys."""

    kind: str
    where: str
    source_id: str | None
    nested: bool
    fields: dict[str, Any] = field(default_factory=dict)


class EntityGraph:
    """The nodes of one alert in the order of the text; losses go to ``found``."""

    def __init__(self, found: Collection) -> None:
        self.nodes: list[Node] = []
        self._found = found
        self._by_id: dict[str, Node] = {}
        self._seen = 0
        self._refused = 0

    def read(self, value: Any) -> None:
        """Take in a decoded JSON value: an object, a list of them, or lists in lists."""
        self._take(value, "entities", "", 0)
        if self._refused:
            self._found.lose("entities", f"{self._refused} values beyond the first {MAX_VALUES} were not looked at")

    def resolve(self, value: Any, where: str) -> Node | None:
        """The node that a field holds or refers to; None for a scalar. A dangling reference is a loss."""
        if isinstance(value, Node):
            return value
        if not isinstance(value, Reference):
            return None
        node = self._by_id.get(value.target)
        if node is None:
            self._found.lose(where, f"$ref {value.target[:64]!r} refers to nothing")
        return node

    def _take(self, value: Any, where: str, role: str, depth: int) -> Any:
        if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
            try:
                value = decode(value)
            except InvalidInput as error:
                self._found.lose(where, str(error))
                return None
        if not isinstance(value, dict | list):
            return value
        if depth > MAX_DEPTH:
            self._found.lose(where[:200], f"nested deeper than {MAX_DEPTH} levels")
            return None
        if isinstance(value, list):
            allowed = max(MAX_VALUES - self._seen, 0)
            self._seen += len(value[:allowed])
            self._refused += len(value[allowed:])
            items = [
                self._take(item, f"{where}[{index}]", role, depth + 1) for index, item in enumerate(value[:allowed])
            ]
            if depth == 0 and any(not isinstance(item, Node | Reference | list) for item in items):
                self._found.lose(where, "holds values that are not objects")
            return items
        return self._take_object(value, where, role, depth)

    def _take_object(self, value: dict[str, Any], where: str, role: str, depth: int) -> Node | Reference | None:
        fields = {name.lower(): item for name, item in value.items()}
        if "$ref" in fields:
            return Reference(str(fields["$ref"]))
        if self._seen >= MAX_VALUES:
            self._refused += 1
            return None
        self._seen += 1
        source_id = str(fields["$id"])[:64] if "$id" in fields else None
        node = Node(_kind(fields, role), where, source_id, nested=bool(role), fields=fields)
        self.nodes.append(node)
        if source_id is not None and self._by_id.setdefault(source_id, node) is not node:
            self._found.lose(where, f"$id {source_id!r} was taken already")
        for name, item in fields.items():
            if isinstance(item, dict | list) or (name in ROLES and isinstance(item, str)):
                fields[name] = self._take(item, f"{where}.{name}"[:200], ROLES.get(name, "part"), depth + 1)
        return node


def _kind(fields: dict[str, Any], role: str) -> str:
    named = fields.get("type")
    if isinstance(named, str) and named.strip():
        return named.strip().lower()
    if role and role != "part":
        return role
    return "" if role else next((kind for key, kind in TELLING_KEYS.items() if key in fields), "")


def decode(text: str) -> Any:
    """JSON, read as leniently as hostile text demands: NaN becomes null, a lone surrogate is replaced.

    Raises InvalidInput for everything that is no JSON, or is nested too deep for any reader.
    """
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        pass  # the slower reader below knows more dialects
    try:
        value = json.loads(text.lstrip("\ufeff"), parse_constant=lambda _: None)
        return orjson.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise InvalidInput("entities", got=text, expected="a JSON array of entities", hint=str(error)[:200]) from error
