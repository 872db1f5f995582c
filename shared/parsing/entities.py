"""From an alert's entity JSON, or from its free text when there is none, to AlertEntities (seed §5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shared.contracts.entity import AlertEntities
from shared.errors import InvalidInput
from shared.parsing.collection import Collection
from shared.parsing.graph import EntityGraph, decode
from shared.parsing.indicators import find_indicators
from shared.parsing.kinds import Reader, read_node

TEXT_DEPTH = 8  # levels of the payload that are searched for text
# Columns that describe the plumbing or the vendor, not the incident; their links would pass for indicators.
PLUMBING = frozenset({
    "alertlink", "alerttype", "entities", "extendedlinks", "productcomponentname", "productname", "providername",
    "remediationsteps", "sourcesystem", "type", "vendorname", "workspaceresourcegroup", "query", "analytic rule name",
})  # fmt: skip


def parse_alert_entities(entities_raw: str, raw_payload: Mapping[str, Any]) -> AlertEntities:
    """Entities of one alert in the seed's ten categories; never raises on account of what the alert says.

    When no entity can be read, indicators are looked for in the text of ``raw_payload`` and of ``entities_raw``.
    """
    found = Collection()
    unreadable = not _read_graph(entities_raw, found)
    if not len(found):
        for where, text in _texts(raw_payload, "raw_payload", 0):
            find_indicators(text, found, where=where)
        if unreadable:
            find_indicators(entities_raw, found, where="entities")
    return found.build()


def _read_graph(entities_raw: str, found: Collection) -> bool:
    """Read the JSON into ``found``; False when it is none."""
    if not entities_raw.strip():
        return True
    try:
        value = decode(entities_raw)
        if isinstance(value, str) and value.strip():
            value = decode(value)  # some exporters encode the column twice
    except InvalidInput as error:
        found.lose("entities", str(error).removeprefix("entities: "))
        return False
    if not isinstance(value, dict | list):
        if value not in (None, ""):
            found.lose("entities", "a single JSON value, expected an array of entities")
        return value in (None, "")
    graph = EntityGraph(found)
    graph.read(value)
    reader = Reader(graph, found)
    for node in graph.nodes:
        read_node(reader, node)
    return True


def _texts(value: Any, where: str, depth: int) -> Iterator[tuple[str, str]]:
    """Every text of a payload that may speak of the incident."""
    if isinstance(value, str):
        if value.lstrip()[:1] in ("{", "["):
            try:
                value = decode(value)
            except InvalidInput:
                yield where, value
                return
        else:
            yield where, value
            return
    if depth >= TEXT_DEPTH:
        return
    if isinstance(value, Mapping):
        for name, item in value.items():
            key = str(name).lower()
            if key not in PLUMBING and not key.endswith(("id", "ids", "link", "uri")):
                yield from _texts(item, f"{where}.{name}"[:200], depth + 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, f"{where}[{index}]", depth + 1)
