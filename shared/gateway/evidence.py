"""The untrusted part of a request as a tree of strings, so that each is screened and redacted by itself, unescaped."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

MAX_DEPTH = 64


@dataclass(frozen=True)
class Evidence:
    """``alert`` has title, description, severity, techniques, entities and the like; we retrieved ``context``."""

    alert: dict[str, Any]
    context: Any = None

    def strings(self) -> Iterator[tuple[str, str]]:
        """Every string with its path, keys included, in order of appearance."""
        yield from strings_of(self.alert, "alert")
        yield from strings_of(self.context, "context")

    def map(self, change: Callable[[str], str]) -> Evidence:
        """The same tree with every string changed, save the names of the alert's own fields."""
        alert = {name: map_strings(value, change) for name, value in self.alert.items()}
        return Evidence(alert, map_strings(self.context, change))


def read_evidence(user_content: str) -> Evidence:
    """Read `{"alert": {...}, "context": ...}`. Anything else, also JSON nested too deep, is one description."""
    text = user_content.encode(errors="replace").decode()  # lone surrogates cannot be sent anywhere
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        tree = None
    if isinstance(tree, dict) and isinstance(tree.get("alert"), dict) and _depth(tree) <= MAX_DEPTH:
        whole = Evidence(tree["alert"], {key: part for key, part in tree.items() if key != "alert"})
        context = whole.context.get("context") if whole.context.keys() == {"context"} else whole.context or None
        return Evidence(whole.alert, context).map(lambda part: part.encode(errors="replace").decode())
    return Evidence({"description": text})


def map_strings(value: Any, change: Callable[[str], str]) -> Any:
    """Copy of a JSON value with every string changed, keys too: an attacker may have written them."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [map_strings(item, change) for item in value]
    if isinstance(value, dict):
        return {change(key): map_strings(item, change) for key, item in value.items()}
    return value


def strings_of(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every string of a JSON value with its path below ``path``; that of a key ends in `#key`."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from strings_of(item, f"{path}.{number}")
    elif isinstance(value, dict):
        for number, (key, item) in enumerate(value.items()):
            name = key if key.isidentifier() else str(number)
            yield f"{path}.{name}#key", key
            yield from strings_of(item, f"{path}.{name}")


def _depth(tree: Any) -> int:
    """Nesting of a JSON value, counted without recursion."""
    deepest, waiting = 0, [(tree, 1)]
    while waiting:
        value, level = waiting.pop()
        deepest = max(deepest, level)
        children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        waiting.extend((child, level + 1) for child in children)
    return deepest
