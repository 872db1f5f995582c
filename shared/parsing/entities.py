"""From an alert's entity JSON, or from its free text when there is none, to AlertEntities (seed §5)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from shared.contracts.entity import MAX_ENTITIES, AlertEntities
from shared.contracts.outside_text import holds_json, read_json_text
from shared.errors import InvalidInput
from shared.parsing.allowance import Allowance
from shared.parsing.collection import Collection
from shared.parsing.encoded import decoded_command
from shared.parsing.graph import MAX_POINTER, MAX_VALUES, EntityGraph
from shared.parsing.indicators import find_indicators
from shared.parsing.kinds import Reader, read_node
from shared.parsing.value import verbatim

TEXT_DEPTH = 8  # levels of the payload that are searched for text
# Columns that describe the plumbing or the vendor, not the incident; their links would pass for indicators.
PLUMBING = frozenset({
    "alertlink", "alerttype", "entities", "extendedlinks", "productcomponentname", "productname", "providername",
    "remediationsteps", "sourcesystem", "type", "vendorname", "workspaceresourcegroup", "query", "analytic rule name",
})  # fmt: skip


def parse_alert_entities(entities_raw: str, raw_payload: Mapping[str, Any]) -> AlertEntities:
    """Entities of one alert in the seed's ten categories; never raises on account of what the alert says.

    When it holds no entity or breaks off, indicators are looked for in the text of ``raw_payload`` too.
    """
    found = Collection()
    whole = _read_graph(entities_raw, found)
    allowance = Allowance()
    if not (whole and len(found)):
        for where, text in _texts(raw_payload, found):
            find_indicators(text, found, where=where, allowance=allowance)
    if not (whole or found.full):
        find_indicators(entities_raw, found, where="entities", allowance=allowance)
    return found.build()


def _read_graph(entities_raw: str, found: Collection) -> bool:
    """Read the JSON into ``found``; False when it is none or breaks off."""
    if not entities_raw.strip():
        return True
    try:
        value, unread = read_json_text(entities_raw)
        if isinstance(value, str) and value.strip():
            value, unread = read_json_text(value)  # some exporters encode the column twice
    except InvalidInput as error:
        found.lose("entities", str(error).removeprefix("entities: "))
        return False
    if unread:
        found.lose("entities", unread)
    if not isinstance(value, dict | list):
        if value not in (None, ""):
            found.lose("entities", "a single JSON value, expected an array of entities")
        return value in (None, "")
    graph = EntityGraph(found)
    graph.read(value)
    reader = Reader(graph, found)
    for place, node in enumerate(graph.nodes):
        if found.full:
            left = len(graph.nodes) - place
            found.lose("entities", f"{left} objects beyond the first {MAX_ENTITIES} entities", count=left)
            break
        read_node(reader, node)
    reader.close()
    _search_commands(found)
    return not unread


def _search_commands(found: Collection) -> None:
    """What the commands of processes say in base64 is kept beside them and searched: an encoded command hides more."""
    allowance = Allowance()
    for process in found.processes():
        command = str(process["properties"].get("command_line", ""))
        if text := decoded_command(command):
            process["properties"] = {**process["properties"], "decoded_command": verbatim(text)}
            find_indicators(command, found, where=process["source_pointer"], allowance=allowance)


def _texts(payload: Mapping[str, Any], found: Collection) -> Iterator[tuple[str, str]]:
    """Every text of a payload that may speak of the incident, JSON in strings included, with where it stands: as far
    as the bounds go, which is put on the record.
    """
    waiting: deque[tuple[str, Any, int]] = deque([("raw_payload", payload, 0)])
    room, left = MAX_VALUES, 0
    while waiting:
        where, value, depth = waiting.popleft()
        if isinstance(value, str):
            decoded = _decoded(value)
            if decoded is None:
                yield where, value
            value = decoded
        if not isinstance(value, list | Mapping):
            continue
        if depth == TEXT_DEPTH:
            found.lose(where, f"deeper than {TEXT_DEPTH} levels, not searched for indicators", count=len(value))
            continue
        parts = [(f"{where}/{name}"[:MAX_POINTER], item, depth + 1) for name, item in islice(_parts(value), room)]
        waiting.extend(parts)
        room -= len(parts)
        left += len(value) - len(parts) if not room else 0
    if left:
        found.lose("raw_payload", f"{left} values beyond the first {MAX_VALUES} were not searched", count=left)


def _decoded(text: str) -> Any:
    """The object or array that a string holds; None when it holds none, or not a whole one."""
    try:
        value, unread = read_json_text(text) if holds_json(text) else (None, "")
    except InvalidInput:
        return None
    return None if unread else value


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        yield from ((str(index), item) for index, item in enumerate(value))
    elif isinstance(value, Mapping):
        for name, item in value.items():
            key = str(name).lower()
            if key not in PLUMBING and not key.endswith(("id", "ids", "link", "uri")):
                yield str(name), item
