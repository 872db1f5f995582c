"""Tactics and techniques as vendors write them, to ATT&CK's short names and current ids. Nothing is dropped: what the
taxonomy does not know comes back as a flag, apart from the ids that may drive a verdict (llm.md §5).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import orjson
import re2

from shared.contracts.taxonomy import current_technique, techniques

MAX_NAMES = 100  # of one alert
_TECHNIQUE = re2.compile(r"(?i)\b(?:AML\.)?T\d{4}(?:\.\d{3})?\b")
_NO_LETTER = re2.compile(r"[^a-z]+")
# Former names whose meaning is certain. `PreAttack` is none: Defender for Cloud means scanning by it, Sentinel's older
# rules all that comes before the attack. Defender's `Malware` or `SuspiciousActivity` are categories, not tactics.
FORMER: Mapping[str, str] = {
    "probing": "reconnaissance",  # Defender for Cloud's kill chain before 2020, as is the next
    "exploitation": "initial-access",
    "mlattackstaging": "ai-attack-staging",  # ATLAS before 5
    "mlmodelaccess": "ai-model-access",
}


def tactic_names(*values: Any) -> tuple[list[str], list[str]]:
    """Short names such as `lateral-movement`, each once, and a flag `tactic_unknown:<given>` for each other one."""
    names: dict[str, None] = {}
    flags: dict[str, None] = {}
    for given in (item for value in values for item in _items(value)):
        letters = _NO_LETTER.sub("", given.lower().replace("&", "and"))
        name = _known_tactics().get(letters) or FORMER.get(letters)
        if name is not None:
            names[name] = None
        else:
            flags[f"tactic_unknown:{given[:64]}"] = None
    return list(names), list(flags)


def technique_ids(*values: Any) -> tuple[list[str], list[str]]:
    """Current ids, each once, and flags: `technique_replaced:<old>>`<new> and `technique_unknown:<given>`."""
    ids: dict[str, None] = {}
    flags: dict[str, None] = {}
    for given in (item for value in values for item in _items(value)):
        match = _TECHNIQUE.search(given)
        written = match.group().upper() if match else given[:64]
        technique = current_technique(written) if match else None
        if technique is None:
            flags[f"technique_unknown:{written}"] = None
            continue
        ids[technique.id] = None
        if technique.id != written:
            flags[f"technique_replaced:{written}>{technique.id}"] = None
    return list(ids), list(flags)


@cache
def _known_tactics() -> dict[str, str]:
    """Short names by their letters alone, in which all spellings agree."""
    return {_NO_LETTER.sub("", tactic): tactic for technique in techniques().values() for tactic in technique.tactics}


def _items(value: Any) -> list[str]:
    """A JSON array, a JSON array in a string, or a list by commas or lines, as trimmed texts."""
    if isinstance(value, str):
        try:
            decoded = orjson.loads(value) if value.lstrip().startswith("[") else _split(value)
        except orjson.JSONDecodeError:
            decoded = _split(value.strip("[] "))
        value = decoded
    if not isinstance(value, list):
        return []
    return [text for item in value[:MAX_NAMES] if isinstance(item, str) and (text := item.strip(" \"'\t\r\n"))]


def _split(text: str) -> list[str]:
    return text.replace("\n", ",").split(",")
