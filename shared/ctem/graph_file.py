"""Fills the graph of assets, zones, models and threats from a file: JSON with nodes and relations, or CSV of assets.

What is loaded again is brought up to date; nothing is removed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from itertools import batched
from typing import TYPE_CHECKING, Any

from shared.contracts.exposure import Consequence
from shared.contracts.outside_text import read_json
from shared.ctem.fields import arr, line, need, obj
from shared.errors import InvalidInput

if TYPE_CHECKING:
    from shared.stores.neo4j import Neo4j

AT_ONCE = 1_000  # rows of one statement
LABELS = ("Asset", "Zone", "Model", "Threat")
_PROPERTIES = ("name", "type", "criticality", "consequence_class", "version", "hash")
# Relation: between which.
RELATIONS = {
    "RESIDES_IN": ("Asset", "Zone"),
    "DEPLOYS_TO": ("Model", "Asset"),
    "CONNECTS_TO": ("Zone", "Zone"),
    "TARGETS": ("Threat", "Asset or Zone"),
}
_COLUMNS = ("id", "zone")


def constraints() -> list[str]:
    """One id once a tenant."""
    return [
        f"CREATE CONSTRAINT {label.lower()}_id IF NOT EXISTS FOR (n:{label}) REQUIRE (n.tenant_id, n.id) IS UNIQUE"
        for label in LABELS
    ]


def read_graph(raw: bytes) -> dict[str, Any]:
    """Nodes by label and relations by kind. Raises InvalidInput that names the wrong row."""
    text = raw.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not text.startswith(b"{"):
        return _of_csv(raw.decode("utf-8-sig", "replace"))
    given = obj(read_json(raw))
    nodes: dict[str, list[dict[str, str]]] = {label: [] for label in LABELS}
    for number, row in enumerate(map(obj, arr(given.get("nodes"))), 1):
        label = line(row.get("label"))
        if label not in nodes:
            raise InvalidInput(f"node {number}.label", got=label, expected=f"one of {', '.join(LABELS)}")
        nodes[label].append(_node(f"node {number}", row))
    relations: dict[str, list[dict[str, str]]] = {kind: [] for kind in RELATIONS}
    for number, row in enumerate(map(obj, arr(given.get("relations"))), 1):
        kind = line(row.get("kind"))
        if kind not in relations:
            raise InvalidInput(f"relation {number}.kind", got=kind, expected=f"one of {', '.join(RELATIONS)}")
        relations[kind].append({"from": need(row, "from"), "to": need(row, "to")})
    if not any(nodes.values()):
        raise InvalidInput("nodes", got="none", expected="a list of nodes, or CSV with the columns id and zone")
    return {"nodes": nodes, "relations": relations}


class GraphFile:
    """The writer of the graph."""

    def __init__(self, neo4j: Neo4j) -> None:
        self._neo4j = neo4j

    async def load(self, tenant_id: str, graph: Mapping[str, Any]) -> dict[str, int]:
        """Write it; how many there were of each. Raises StoreUnavailable."""
        await self._neo4j.write([(text, {}) for text in constraints()])
        await self._neo4j.write(list(_statements(tenant_id, graph)))
        return {name: len(rows) for part in graph.values() for name, rows in part.items() if rows}


def _statements(tenant_id: str, graph: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for label, rows in graph["nodes"].items():
        text = f"UNWIND $rows AS row MERGE (n:{label} {{tenant_id: $tenant_id, id: row.id}}) SET n += row"
        yield from (
            (text, {"tenant_id": tenant_id, "rows": list(part)}) for part in batched(rows, AT_ONCE, strict=False)
        )
    for kind, rows in graph["relations"].items():
        origin, target = RELATIONS[kind]
        for label in target.split(" or "):
            text = (
                f"UNWIND $rows AS row MATCH (a:{origin} {{tenant_id: $tenant_id, id: row.from}}) "
                f"MATCH (b:{label} {{tenant_id: $tenant_id, id: row.to}}) MERGE (a)-[:{kind}]->(b)"
            )
            yield from (
                (text, {"tenant_id": tenant_id, "rows": list(part)}) for part in batched(rows, AT_ONCE, strict=False)
            )


def _node(where: str, row: Mapping[str, Any]) -> dict[str, str]:
    given = {name: line(row.get(name)) for name in _PROPERTIES if line(row.get(name))}
    consequence = given.get("consequence_class")
    if consequence is not None and consequence not in set(Consequence):
        expected = f"one of {', '.join(Consequence)}"
        raise InvalidInput(f"{where}.consequence_class", got=consequence, expected=expected)
    return {"id": need(row, "id"), **given}


def _of_csv(text: str) -> dict[str, Any]:
    """Assets and the zones that they reside in; of a zone, the consequence where a column says it."""
    reader = csv.DictReader(io.StringIO(text, newline=""))
    try:
        columns, rows = reader.fieldnames or (), list(reader)
    except csv.Error as error:
        raise InvalidInput("file", got=text[:60], expected="JSON or CSV", hint=str(error)) from error
    if not set(_COLUMNS) <= set(columns):
        raise InvalidInput("columns", got=", ".join(columns), expected="at least id and zone")
    assets, zones, resides = list[dict[str, str]](), dict[str, dict[str, str]](), list[dict[str, str]]()
    for number, row in enumerate(rows, 2):
        zone = need(row, "zone")
        asset = {name: value for name, value in row.items() if name not in {"zone", "consequence_class"}}
        assets.append(_node(f"line {number}", asset))
        stated = {"id": zone, "consequence_class": row.get("consequence_class")}
        zones[zone] = zones.get(zone, {}) | _node(f"line {number}", stated)
        resides.append({"from": assets[-1]["id"], "to": zone})
    return {"nodes": {"Asset": assets, "Zone": list(zones.values())}, "relations": {"RESIDES_IN": resides}}
