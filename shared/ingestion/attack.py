"""Tactics and techniques as vendors write them, to ATT&CK's short names and current ids. Nothing is dropped: what the
taxonomy does not know comes back as a flag, apart from the ids that may drive a verdict (llm.md §5).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any

import orjson
import re2

from shared.contracts.taxonomy import current_technique, techniques

MAX_NAMES = 100  # of one alert
MAX_WRITTEN = 1_000  # characters
_TECHNIQUE = re2.compile(r"(?i)\b(?:AML\.)?T\d{4}(?:[./]\d{3})?\b")  # `T1003/001` in links to ATT&CK
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
    for given in _given(values, flags, "tactics_cut"):
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
    for given in _given(values, flags, "techniques_cut"):
        written = [match.group().upper().replace("/", ".") for match in islice(_TECHNIQUE.finditer(given), MAX_NAMES)]
        for name in written or [given[:64]]:
            technique = current_technique(name) if written else None
            if technique is None:
                flags[f"technique_unknown:{name}"] = None
                continue
            ids[technique.id] = None
            if technique.id != name:
                flags[f"technique_replaced:{name}>{technique.id}"] = None
    return list(ids), list(flags)


def _given(values: Iterable[Any], flags: dict[str, None], too_many: str) -> Iterator[str]:
    """The names in all of these, at most MAX_NAMES; the flag ``too_many`` says that there were more."""
    items = [item for value in values for item in _items(value)]
    if len(items) > MAX_NAMES:
        flags[too_many] = None
    yield from items[:MAX_NAMES]


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
        value = [value]
    items = (item if isinstance(item, str) else _written(item) for item in value[: MAX_NAMES + 1])
    return [text for item in items if (text := item.strip(" \"'\t\r\n"))]


def _split(text: str) -> list[str]:
    return text.replace("\n", ",").replace(";", ",").split(",")


def _written(value: Any) -> str:
    """What is no text, as JSON: a flag is to show it, or an id may stand in it."""
    return "" if value in (None, [], {}) else orjson.dumps(value).decode()[:MAX_WRITTEN]
