"""Sentinel's entity JSON as a flat list of nodes. `$id`/`$ref` is Json.NET's PreserveReferencesHandling: a reference
may stand before or after what it refers to. Keys come in any case, objects nest, lists nest, JSON hides in strings.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from shared.contracts.outside_text import holds_json, read_json_text
from shared.errors import InvalidInput
from shared.parsing.collection import MAX_LOSSES, Collection
from shared.parsing.value import MAX_CHARACTERS, MAX_COMMAND, clean, verbatim

MAX_DEPTH = 64
# Objects, and items of lists, that are looked at: a megabyte of `{},{},` must not hold up the alerts behind it.
MAX_VALUES = 5_000
MAX_FIELDS = 500  # of one object
MAX_POINTER = 200  # characters; no alert of a vendor nests that far

PART = "part"  # the role of an object that stands under a key of no meaning
# What an object without a Type is, by the key that it stands under. A string under these keys may hold JSON.
ROLES = {
    "account": "account",
    "destinationaddress": "ip",
    "dnsserverip": "ip",
    "entities": PART,
    "file": "file",
    "filehashes": "filehash",
    "files": "file",
    "host": "host",
    "hostipaddress": "ip",
    "imagefile": "file",
    "ipaddress": "ip",
    "ipaddresses": "ip",
    "location": PART,
    "loggedonusers": "account",
    "mailbox": "mailbox",
    "networkmessageids": PART,
    "parentprocess": "process",
    "process": "process",
    "processes": "process",
    "sourceaddress": "ip",
    "urls": "url",
}
VERBATIM = "commandline"  # its spaces are evidence
NOT_PLAIN = frozenset({*ROLES, VERBATIM})
# What an object without a Type and without such a role is, by a key that only one type has.
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


class Reference:
    """``{"$ref": "7"}``"""

    __slots__ = ("target",)

    def __init__(self, target: str) -> None:
        self.target = target


class Node:
    """One object: its type in lower case ("" when unknown), its fields with lower-case keys, and where it stood.

    A field holds clean text, a bool, a Node, a Reference, or a list of them and of raw scalars; null leaves no field.
    """

    __slots__ = ("fields", "kept", "kind", "nested", "pointer", "source_id")

    def __init__(self, pointer: str, *, nested: bool) -> None:
        self.kind = ""
        self.pointer = pointer
        self.nested = nested
        self.kept = False  # as a part of the object that holds it
        self.source_id: str | None = None
        self.fields: dict[str, Any] = {}

    def text(self, *names: str) -> str:
        """The first of these fields that holds text, "" when none does."""
        for name in names:
            value = self.fields.get(name)
            if value.__class__ is str and value:
                return str(value)
        return ""

    def texts(self, names: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """The fields that hold text, under the names that they are paired with; the last of one name counts."""
        get = self.fields.get
        return {name: text for field, name in names if (text := get(field)).__class__ is str and text}


class EntityGraph:
    """The nodes of one alert in the order of the text; losses go to ``found``."""

    def __init__(self, found: Collection) -> None:
        self.nodes: list[Node] = []
        self._found = found
        self._by_id: dict[str, Node] = {}
        self._wanted: dict[str, tuple[str, str]] = {}  # what is referred to: where it is first
        self._seen = 0
        self._refused = 0

    def read(self, value: dict[str, Any] | list[Any]) -> None:
        """Take in a decoded JSON value: an object, a list of them, or lists in lists."""
        taken = self._take(value, "", "", 0)
        if isinstance(taken, list) and not all(isinstance(item, Node | Reference | list | None) for item in taken):
            self._found.lose("entities", "holds values that are not objects")
        self._lose_dangling()
        if self._refused:
            self._found.lose(
                "entities",
                f"{self._refused} values beyond the first {MAX_VALUES} were not looked at",
                count=self._refused,
            )

    def _lose_dangling(self) -> None:
        """Put the references that refer to nothing on the record."""
        dangling = [target for target in self._wanted if target not in self._by_id]
        for target in dangling[:MAX_LOSSES]:
            pointer, name = self._wanted[target]
            self._found.lose(f"{pointer}/{name}" if name else pointer, f"$ref {target!r} refers to nothing")
        if more := len(dangling[MAX_LOSSES:]):
            self._found.lose("entities", f"{more} more $refs refer to nothing", count=more)

    def all_held(self, node: Node, name: str) -> list[Node]:
        """The objects that a field holds or refers to, one or a list."""
        value = node.fields.get(name)
        if value is None:
            return []
        if value.__class__ is Node:
            return [value]
        items = value if value.__class__ is list else (value,)
        return [held for item in items if (held := self._resolve(item))]

    def held(self, node: Node, name: str) -> Node | None:
        """The object that a field holds or refers to."""
        return next(iter(self.all_held(node, name)), None)

    def _resolve(self, item: Any) -> Node | None:
        if isinstance(item, Node):
            return item
        return self._by_id.get(item.target) if isinstance(item, Reference) else None

    def _reference(self, value: Any, pointer: str, name: str = "") -> Reference:
        target = _label(value)
        self._wanted.setdefault(target, (pointer, name))
        return Reference(target)

    def _take(self, value: Any, pointer: str, role: str, depth: int) -> Any:
        """Nodes for the objects of a dict or list."""
        if value.__class__ is dict:
            return self._take_object(value, pointer, role, depth)
        if depth > MAX_DEPTH:
            self._too_deep(pointer)
            return None
        items = value
        allowed = MAX_VALUES - self._seen
        if len(items) > allowed:
            self._refused += len(items) - allowed
            items = items[:allowed]
        self._seen += len(items)
        return [self._item(item, f"{pointer}/{index}", role, depth + 1) for index, item in enumerate(items)]

    def _item(self, item: Any, pointer: str, role: str, depth: int) -> Any:
        kind = item.__class__
        if kind is dict:
            return self._take_object(item, pointer, role, depth)
        if kind is list:
            return self._take(item, pointer, role, depth)
        if kind is str and holds_json(item):
            return self._take_text(item, pointer, role, depth)
        return item

    def _too_deep(self, pointer: str) -> None:
        self._found.lose(pointer, f"nested deeper than {MAX_DEPTH} levels")

    def _take_text(self, text: str, pointer: str, role: str, depth: int) -> Any:
        """JSON in a string; a text that only looks like it, such as `[::1]`, stays a text."""
        try:
            value, unread = read_json_text(text)
        except InvalidInput:
            return text
        if unread:
            self._found.lose(pointer, unread)
        return self._take(value, pointer, role, depth) if isinstance(value, dict | list) else text

    def _take_object(self, value: dict[str, Any], pointer: str, role: str, depth: int) -> Node | Reference | None:
        if "$ref" in value:
            if len(value) > 1:
                self._found.lose(pointer, "fields beside a $ref were not read")
            return self._reference(value["$ref"], pointer)
        if depth > MAX_DEPTH:
            self._too_deep(pointer)
            return None
        if len(self.nodes) >= MAX_VALUES:
            self._refused += 1
            return None
        node = Node(pointer, nested=bool(role))
        self.nodes.append(node)
        self._fill(node, value, depth + 1)
        if (target := node.fields.get("$ref")) is not None:  # in capitals
            node.nested = node.kept = True
            return self._reference(target, pointer)
        node.kind = _kind(node.fields, role)
        if (source_id := node.fields.get("$id")) is not None:
            self._name(node, _label(source_id))
        return node

    def _fill(self, node: Node, value: dict[str, Any], depth: int) -> None:
        fields = node.fields
        if len(value) > MAX_FIELDS:
            self._found.lose(node.pointer, f"{len(value)} fields, only the first {MAX_FIELDS} were read")
        for name, item in value.items() if len(value) <= MAX_FIELDS else islice(value.items(), MAX_FIELDS):
            key = name.lower()
            kind = item.__class__
            if kind is str:
                if len(item) <= MAX_CHARACTERS and item.isprintable() and key not in NOT_PLAIN:  # nearly always
                    fields[key] = item.strip()
                else:
                    fields[key] = self._text(node, key, item, depth)
            elif kind is dict and len(item) == 1 and "$ref" in item:  # the commonest object of all
                fields[key] = self._reference(item["$ref"], node.pointer, key)
            elif kind is dict:
                fields[key] = self._take_object(item, _below(node.pointer, name), ROLES.get(key, PART), depth)
            elif kind is list:
                fields[key] = self._take(item, _below(node.pointer, name), ROLES.get(key, PART), depth)
            elif kind is bool:
                fields[key] = item
            elif item is not None:
                fields[key] = clean(item)
        if len(fields) < len(value) <= MAX_FIELDS:  # there is a null, or a key in two cases
            self._lose_doubles(node, value)

    def _lose_doubles(self, node: Node, value: dict[str, Any]) -> None:
        """One key in two cases: the last counts."""
        doubles = len(value) - len({name.lower() for name in value})
        if doubles:
            self._found.lose(node.pointer, f"{doubles} fields are given twice, in upper and lower case", count=doubles)

    def _text(self, node: Node, key: str, text: str, depth: int) -> Any:
        pointer = _below(node.pointer, key)
        if key in ROLES and holds_json(text):
            return self._take_text(text, pointer, ROLES[key], depth)
        limit = MAX_COMMAND if key == VERBATIM else MAX_CHARACTERS
        if len(text) > limit:
            self._found.lose(pointer, f"{len(text)} characters, cut to {limit}")
        return verbatim(text) if key == VERBATIM else clean(text)

    def _name(self, node: Node, source_id: str) -> None:
        node.source_id = source_id
        if self._by_id.setdefault(source_id, node) is not node:
            self._found.lose(node.pointer, f"$id {source_id!r} was taken already")


def _label(value: Any) -> str:
    """An id as text; ids are numbers nearly always."""
    return value if value.__class__ is str and len(value) < 64 and value.isprintable() else clean(value)[:64]


def _below(pointer: str, name: str) -> str:
    if not name.isidentifier():
        name = clean(name[:MAX_POINTER]).replace("~", "~0").replace("/", "~1")
    return f"{pointer}/{name}"[:MAX_POINTER]


def _kind(fields: dict[str, Any], role: str) -> str:
    named = fields.get("type")
    if named.__class__ is str and named:
        return str(named.lower())
    if role and role is not PART:
        return role
    return next((kind for key, kind in TELLING_KEYS.items() if key in fields), "")
