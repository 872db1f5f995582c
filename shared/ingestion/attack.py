"""Tactics and techniques as vendors write them, to ATT&CK's short names and current ids. Nothing is dropped: what the
taxonomy does not know comes back as a flag, apart from the ids that may drive a verdict (llm.md §5).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
import re2

from shared.contracts.taxonomy import current_technique, techniques

MAX_NAMES = 100  # of one alert
_TECHNIQUE = re2.compile(r"(?i)\b(?:AML\.)?T\d{4}(?:\.\d{3})?\b")
_WORD_START = re2.compile(r"([a-z])([A-Z])")


def tactic_names(value: Any) -> tuple[list[str], list[str]]:
    """Short names such as `lateral-movement`, each once, and a flag `tactic_unknown:<given>` for each other one."""
    names: dict[str, None] = {}
    flags = []
    for given in _items(value):
        name = _WORD_START.sub(r"\1-\2", given).lower().replace(" ", "-").replace("_", "-")
        if name in _known_tactics():
            names[name] = None
        else:
            flags.append(f"tactic_unknown:{given[:64]}")
    return list(names), flags


def technique_ids(*values: Any) -> tuple[list[str], list[str]]:
    """Current ids, each once, and flags: `technique_replaced:<old>>`<new> and `technique_unknown:<given>`."""
    ids: dict[str, None] = {}
    flags = []
    for given in (item for value in values for item in _items(value)):
        match = _TECHNIQUE.search(given)
        written = match.group().upper() if match else given[:64]
        technique = current_technique(written) if match else None
        if technique is None:
            flags.append(f"technique_unknown:{written}")
            continue
        ids[technique.id] = None
        if technique.id != written:
            flags.append(f"technique_replaced:{written}>{technique.id}")
    return list(ids), list(dict.fromkeys(flags))


@cache
def _known_tactics() -> frozenset[str]:
    return frozenset(tactic for technique in techniques().values() for tactic in technique.tactics)


def _items(value: Any) -> list[str]:
    """A JSON array, a JSON array in a string, or a comma list, as trimmed texts."""
    if isinstance(value, str):
        try:
            decoded = orjson.loads(value) if value.lstrip().startswith("[") else value.split(",")
        except orjson.JSONDecodeError:
            decoded = value.strip("[] ").split(",")
        value = decoded
    if not isinstance(value, list):
        return []
    return [text for item in value[:MAX_NAMES] if isinstance(item, str) and (text := item.strip(" \"'"))]
