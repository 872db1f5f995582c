"""Reads the evidence out of a prompt: `<untrusted_alert_data>` with its children, and `<retrieved_context>`.
All of it is data. Clauses that give orders to whoever judges are set apart, so that no rule ever weighs them.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import re2

from local.simulators.context import Context, read_context

ALERT_ELEMENT = "untrusted_alert_data"
CONTEXT_ELEMENT = "retrieved_context"
STRUCTURED_CHILDREN = frozenset({"title", "severity", "techniques", "entities"})  # every other child is free text
ENTITY_KINDS = {
    "account": "account", "user": "account", "host": "host", "ip": "ip", "file": "file", "process": "process",
    "url": "url", "dns": "dns", "dns_record": "dns", "filehash": "file_hash", "file_hash": "file_hash",
    "mailbox": "mailbox", "mailmessage": "mailbox", "registry-key": "registry_key", "registry_key": "registry_key",
}  # fmt: skip
VALUE_KEYS = ("primary_value", "value", "Address", "HostName", "Url", "DomainName", "Value", "MailboxPrimaryAddress",
              "Key", "Name")  # fmt: skip
VERDICT_KEYS = ("last_verdict", "LastVerdict")
PLACEHOLDERS = {"USER": "account", "HOST": "host", "IP": "ip", "IP_SRC": "ip", "IP_DST": "ip", "EMAIL": "mailbox"}

_OPEN_TAG = re2.compile(r"<([a-z][a-z0-9_]*)(?:\s[^>]*)?>")
_PLACEHOLDER = re2.compile(r"\b(USER|HOST|IP|IP_SRC|IP_DST|EMAIL)_\d{3,4}\b")
_CLAUSE_END = re2.compile(r"[.!?;]\s+|[\r\n]+")
_ORDER = re2.compile(
    r"(?i)\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:previous|prior|above|earlier|all|your|rules|instructions?)\b"
    r"|\byou are (?:now|an?)\b|\bsystem prompt\b|\bas an ai\b|\b(?:assistant|language model|llm)\b"
    r"|\b(?:set|raise|lower|report)\b.{0,20}\bconfidence\b|\b(?:classify|mark|treat|label|close)\b.{0,30}"
    r"\b(?:as|benign|false[_ ]positive|closed|resolved|harmless)\b|\bapprove\b.{0,30}\b(?:action|playbook|request)s?\b"
    r"|\bdo not (?:escalate|isolate|investigate|alert|report)\b"
)


@dataclass(frozen=True)
class Entity:
    """One thing that the alert names: ``kind`` is a value of ENTITY_KINDS, ``details`` one line of its properties,
    ``verdict`` what the source's own analysis made of it, in lower case, or nothing.
    """

    kind: str
    value: str
    details: str
    verdict: str = ""


@dataclass(frozen=True)
class Evidence:
    """What the request shows. ``clauses`` and ``orders`` split title and description; ``time`` is the alert's."""

    title: str
    severity: str
    techniques: str
    entities: tuple[Entity, ...]
    clauses: tuple[str, ...]
    orders: tuple[str, ...]
    context: Context
    time: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    def named(self, *kinds: str) -> tuple[str, ...]:
        """The distinct values of the entities of these kinds, in the order of the evidence."""
        return tuple(dict.fromkeys(entity.value for entity in self.entities if entity.kind in kinds))

    @property
    def quotable(self) -> tuple[str, ...]:
        """What may be quoted word for word: the clauses but for the title's and JSON, and the entities' values."""
        of_the_title = set(_split([self.title])[0])
        values = (entity.value for entity in self.entities)
        said = (clause for clause in self.clauses if clause not in of_the_title and not clause.startswith(("{", "[")))
        return (*said, *values)

    @property
    def passages(self) -> tuple[str, ...]:
        """Everything about the alert that is not an order: its clauses, then a line for each entity."""
        return (*self.clauses, *(f"{entity.kind}: {entity.details}" for entity in self.entities))


def read_evidence(prompt: str) -> Evidence:
    """The evidence in the user text of a request; a prompt without the elements counts as one description."""
    alert = _element(prompt, ALERT_ELEMENT)
    fields = dict(_children(alert)) if alert is not None else {"description": html.unescape(prompt)}
    title = fields.get("title", "").strip()
    texts = [title, *(text for name, text in fields.items() if name not in STRUCTURED_CHILDREN)]
    clauses, orders = _split(texts)
    details = _details(fields.get("details", ""))
    entities = tuple(_entities(fields.get("entities", ""))) or tuple(_placeholders(" ".join(texts)))
    return Evidence(
        title=title,
        severity=fields.get("severity", "").strip().lower(),
        techniques=fields.get("techniques", ""),
        entities=entities,
        clauses=clauses,
        orders=orders,
        context=read_context(html.unescape(_element(prompt, CONTEXT_ELEMENT) or "")),
        time=str(details.get("time", "")),
        details=details,
    )


def _details(text: str) -> dict[str, Any]:
    """The alert's other fields, as JSON; text that is none has no fields."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _element(text: str, name: str) -> str | None:
    """The inside of the first element of this name, or None. Values are escaped, so the first end tag is its end."""
    for tag in _OPEN_TAG.finditer(text):
        if tag.group(1) == name:
            end = text.find(f"</{name}>", tag.end())
            return text[tag.end() : end if end >= 0 else None]
    return None


def _children(inside: str) -> Iterator[tuple[str, str]]:
    done = 0
    for tag in _OPEN_TAG.finditer(inside):
        if tag.start() < done:
            continue
        end = inside.find(f"</{tag.group(1)}>", tag.end())
        if end >= 0:
            yield tag.group(1), html.unescape(inside[tag.end() : end])
            done = end


def _split(texts: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Clauses that state something, and clauses that give orders."""
    clauses = [clause.strip() for text in texts for clause in _CLAUSE_END.split(text) if clause.strip()]
    orders = tuple(clause for clause in clauses if _ORDER.search(clause))
    return tuple(clause for clause in clauses if clause not in orders), orders


def _placeholders(text: str) -> Iterator[Entity]:
    for found in _PLACEHOLDER.finditer(text):
        yield Entity(PLACEHOLDERS[found.group(1)], found.group(0), found.group(0))


def _entities(text: str) -> Iterator[Entity]:
    """Entities of a JSON text, in lists by category or as a list of typed objects. Text that is no JSON names none."""
    try:
        value = json.loads(text) if text.strip() else []
    except (json.JSONDecodeError, RecursionError):
        value = []
    if isinstance(value, dict):
        for category, items in value.items():
            for item in items if isinstance(items, list) else []:
                yield from _entity(item, _kind(category))
    elif isinstance(value, list):
        for item in value:
            yield from _entity(item, "other")


def _kind(name: str) -> str:
    singular = name.lower().removesuffix("es" if name.lower().endswith(("hashes", "processes", "mailboxes")) else "s")
    return ENTITY_KINDS.get(name.lower()) or ENTITY_KINDS.get(singular, "other")


def _entity(item: Any, kind: str) -> Iterator[Entity]:
    if isinstance(item, str) and item:
        yield Entity(kind, item, item)
    if not isinstance(item, dict):
        return
    named = next((item[key] for key in ("entity_type", "type", "Type", "kind") if isinstance(item.get(key), str)), "")
    value = next((item[key] for key in VALUE_KEYS if isinstance(item.get(key), str) and item[key]), None)
    if value is not None:
        details = _line({key: part for key, part in item.items() if item.get(key) not in (value, named)})
        described = f"{value} ({details})" if details else value
        yield Entity(_kind(named) if named else kind, value, described, _verdict(item))


def _verdict(item: dict[str, Any]) -> str:
    properties = item["properties"] if isinstance(item.get("properties"), dict) else {}
    found = next((part[key] for part in (item, properties) for key in VERDICT_KEYS if part.get(key)), "")
    return found.casefold() if isinstance(found, str) else ""


def _line(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}={part}" for key, raw in value.items() if (part := _line(raw)))
    if isinstance(value, list):
        return " ".join(_line(part) for part in value)
    return "" if value is None else str(value)
