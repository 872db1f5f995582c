"""Blocks as CSV or JSON lines, one file a table, and by COPY into PostgreSQL."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import orjson
import psycopg
from psycopg import sql

from local.telemetry.attacks.attack import Attack
from local.telemetry.tables import TABLES, Block

Format = Literal["csv", "jsonl"]
LABELS = "attacks.json"


def rows(block: Block) -> Iterator[tuple[Any, ...]]:
    """Rows in the order of the table's columns, times as ISO 8601 in UTC."""
    ts = np.datetime_as_string(block.columns["ts"].astype("datetime64[us]"), timezone="UTC")
    return zip(ts.tolist(), *(column.tolist() for name, column in block.columns.items() if name != "ts"), strict=True)


def as_csv(block: Block) -> str:
    """CSV as COPY reads it: text is quoted, so that no value is NULL and "" is empty."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_STRINGS, lineterminator="\n").writerows(rows(block))
    return text.getvalue()


def as_jsonl(block: Block) -> str:
    """One JSON object a line; what is JSON in the table is JSON here."""
    names = tuple(block.columns)
    return "".join(_line(dict(zip(names, row, strict=True))) for row in rows(block))


def _line(row: dict[str, Any]) -> str:
    if isinstance(row.get("tool_calls_made"), str):
        row["tool_calls_made"] = json.loads(row["tool_calls_made"])
    return orjson.dumps(row).decode() + "\n"


def write_files(blocks: Iterable[Block], folder: Path, form: Format) -> Counter[str]:
    """Write each table to ``folder``/table.csv (with a heading) or .jsonl. Returns the rows of each."""
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, IO[str]] = {}
    counts: Counter[str] = Counter()
    try:
        for block in blocks:
            if block.table not in files:
                files[block.table] = (folder / f"{block.table}.{form}").open("w", encoding="utf-8", newline="")
                if form == "csv":
                    files[block.table].write(",".join(TABLES[block.table]) + "\n")
            files[block.table].write(as_csv(block) if form == "csv" else as_jsonl(block))
            counts[block.table] += len(block)
    finally:
        for file in files.values():
            file.close()
    return counts


def write_labels(attacks: Sequence[Attack], folder: Path) -> None:
    """What is an attack and what is not: ``attacks.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    labels = [asdict(attack.label) for attack in attacks]
    (folder / LABELS).write_bytes(orjson.dumps(labels, option=orjson.OPT_INDENT_2) + b"\n")


def load(owner_url: str, blocks: Iterable[Block]) -> Counter[str]:
    """COPY the telemetry tables in one transaction; alerts are no telemetry and are left out. Only the schema's owner
    may: PostgreSQL takes no COPY into a table whose policies bind. Returns the rows of each table.
    """
    counts: Counter[str] = Counter()
    with psycopg.connect(owner_url) as connection:
        for table, gathered in _gathered(block for block in blocks if block.table != "alerts"):
            columns = sql.SQL(", ").join(map(sql.Identifier, TABLES[table]))
            _make_months(connection, gathered)
            statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(sql.Identifier(table), columns)
            with connection.cursor().copy(statement) as copy:
                for block in gathered:
                    copy.write(as_csv(block))
                    counts[table] += len(block)
    return counts


def _make_months(connection: psycopg.Connection[Any], blocks: Sequence[Block]) -> None:
    first = min(block.columns["ts"].min() for block in blocks)
    last = max(block.columns["ts"].max() for block in blocks)
    connection.execute("SELECT make_telemetry_months(%s, %s)", (f"{first}+00", f"{last}+00"))


def _gathered(blocks: Iterable[Block], enough: int = 100_000) -> Iterator[tuple[str, list[Block]]]:
    """Blocks of one table together, so that a COPY is worth its beginning and end."""
    waiting: dict[str, list[Block]] = {}
    sizes: Counter[str] = Counter()
    for block in blocks:
        waiting.setdefault(block.table, []).append(block)
        sizes[block.table] += len(block)
        if sizes[block.table] >= enough:
            yield block.table, waiting.pop(block.table)
            sizes[block.table] = 0
    yield from waiting.items()
