"""Simulated tables of Log Analytics: intake's two queries, known by their text, and the KQL of the questions (kql.py).

`ingestion_time()` is kept as text with seven decimals, as the service counts: such texts sort like the times they say.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from local.simulators import kql
from shared.errors import InvalidInput

INGESTED = "aluskort_ingested"
TIMES = frozenset({"TimeGenerated", "StartTime", "EndTime", "ProcessingEndTime", INGESTED, "FirstSeen", "LastSeen"})
_PAGE = re.compile(
    r"(?P<table>\w+)\n"
    r"\| extend aluskort_ingested = ingestion_time\(\)\n"
    r"\| where aluskort_ingested >= datetime\((?P<since>[0-9TZ:.-]+)\)\n"
    r"\| extend aluskort_order = hash\(tostring\(pack_all\(\)\)\)\n"
    r"\| sort by aluskort_ingested asc, aluskort_order asc\n"
    r"\| extend aluskort_place = row_number\(\)\n"
    r"\| where aluskort_place > (?P<skip>\d+)\n"
    r"\| take (?P<rows>\d+)\n"
    r"\| project-away aluskort_order, aluskort_place"
)
_BY_ID = re.compile(
    r"(?P<table>\w+)\n"
    r"\| where SystemAlertId in \(dynamic\((?P<ids>\[[^\[\]\n]*\])\)\)\n"
    r"\| where isnotempty\(Entities\) and Entities != \"\[\]\"\n"
    r"\| extend aluskort_ingested = ingestion_time\(\)\n"
    r"\| summarize arg_max\(aluskort_ingested, \*\) by SystemAlertId"
)

Row = dict[str, Any]


@dataclass
class Workspace:
    """The tables of one workspace; each row holds its time of ingestion beside its columns."""

    tables: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))

    def add(self, table: str, row: Row, *, ingested: str | None) -> None:
        """Store a row, now or at a time that a test chose (ISO 8601). Raises InvalidInput."""
        times = {name: _seven_decimals(value) for name, value in row.items() if name in TIMES}
        known = {name: time for name, time in times.items() if time}  # a test may want what is no time
        stored = _seven_decimals(ingested or datetime.now(UTC).isoformat())
        if stored is None:
            raise InvalidInput("ingested", got=ingested, expected="a time in ISO 8601")
        self.tables[table].append({**row, **known, INGESTED: stored})

    def answer(self, query: str) -> list[Row] | None:
        """The rows that a query gives; None for KQL that is not spoken here, and for a table that is not there."""
        if asked := _PAGE.fullmatch(query):
            since = kql.seven_decimals(asked["since"])
            rows = [row for row in self.tables[asked["table"]] if row[INGESTED] >= since]
            rows.sort(key=lambda row: (row[INGESTED], _hash(row)))
            return rows[int(asked["skip"]) :][: int(asked["rows"])]
        if asked := _BY_ID.fullmatch(query):
            ids = set(json.loads(asked["ids"]))
            newest: dict[str, Row] = {}
            for row in sorted(self.tables[asked["table"]], key=lambda row: row[INGESTED]):
                if row.get("SystemAlertId") in ids and row.get("Entities") not in {None, "", "[]"}:
                    newest[row["SystemAlertId"]] = row
            return list(newest.values())
        try:
            return kql.answer(query, dict(self.tables))
        except (kql.NotSpoken, KeyError):
            return None


def as_table(rows: list[Row]) -> dict[str, Any]:
    """The rows as the query API writes a table: text for dynamic values, empty text for a string that is not there."""
    types = {name: _type(name, value) for row in rows for name, value in row.items() if value is not None}
    types = types or {INGESTED: "datetime"}
    return {
        "name": "PrimaryResult",
        "columns": [{"name": name, "type": type_} for name, type_ in types.items()],
        "rows": [[_written(row.get(name), type_) for name, type_ in types.items()] for row in rows],
    }


def _type(name: str, value: object) -> str:
    if name in TIMES:
        return "datetime"
    for python, kusto in ((bool, "bool"), (int, "long"), (float, "real"), (str, "string")):
        if isinstance(value, python):
            return kusto
    return "dynamic"


def _written(value: object, type_: str) -> object:
    if type_ == "dynamic":
        return json.dumps(value)
    return "" if value is None and type_ == "string" else value


def _hash(row: Row) -> str:
    return hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()


def _seven_decimals(value: object) -> str | None:
    try:
        return kql.seven_decimals(str(value))
    except ValueError:
        return None
