"""Rows of telemetry into their tables: checked one by one, stored in bulk, each once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import batched
from typing import Any, NamedTuple

from psycopg import sql
from pydantic import ValidationError

from shared.contracts.contract import invalid_input
from shared.contracts.outside_text import storable_text
from shared.detection.telemetry_rows import COLUMNS, DEFAULTS, READERS
from shared.errors import InvalidInput
from shared.stores.postgres import Connection, Postgres

PART = 500  # rows of one write
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class Read(NamedTuple):
    """A row that its table takes. ``row_id``, a UUID's 32 hex digits, is derived from where it came from or from the
    source's own id.
    """

    tenant_id: str
    row_id: str
    values: Mapping[str, Any]


def read_row(table: str, given: Any, *, origin: str) -> Read:
    """Check one row. ``origin`` names its place, such as a file's digest and line, or a topic's partition and offset.

    Raises InvalidInput that names the field.
    """
    try:
        values = READERS[table].validate_python(given)
    except ValidationError as error:
        raise invalid_input(table, error) from error
    tenant_id = values.get("tenant_id") or DEFAULTS["tenant_id"]
    name = f"{table} {tenant_id} {values['id']}" if "id" in values else origin
    return Read(tenant_id, hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=16).hexdigest(), values)


class Telemetry:
    """The ten tables."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def store(self, table: str, rows: Iterable[Read]) -> int:
        """Store rows, a transaction for each tenant; those that are there already are left. Returns how many are new.

        Raises StoreUnavailable.
        """
        by_tenant: dict[str, list[Read]] = {}
        for row in rows:
            by_tenant.setdefault(row.tenant_id, []).append(row)
        stored = 0
        for tenant_id, own in by_tenant.items():
            async with self._postgres.transaction(tenant_id) as connection:
                stored += await insert(connection, table, own)
        return stored


async def insert(connection: Connection, table: str, rows: Sequence[Read]) -> int:
    """Store one tenant's rows in the caller's transaction. COPY takes no table with row level security, so it fills a
    temporary one first.
    """
    moments = [row.values["ts"] for row in rows]
    names = {"table": sql.Identifier(table), "columns": _names(table)}
    await connection.execute("SELECT make_telemetry_months(%s, %s)", (min(moments), max(moments)))
    await connection.execute(
        sql.SQL("CREATE TEMP TABLE arrived ON COMMIT DROP AS SELECT id, {columns} FROM {table} WHERE false").format(
            **names
        )
    )
    async with connection.cursor() as cursor:
        copying = sql.SQL("COPY arrived (id, {columns}) FROM STDIN").format(**names)
        async with cursor.copy(copying) as copy:
            for part in batched(rows, PART, strict=False):
                await copy.write("".join(_line(table, row) for row in part))
        await cursor.execute(
            sql.SQL(
                "INSERT INTO {table} (id, {columns}) SELECT id, {columns} FROM arrived"
                " ON CONFLICT (tenant_id, ts, id) DO NOTHING"
            ).format(**names)
        )
        stored = cursor.rowcount
        await cursor.execute("DROP TABLE arrived")
    return stored


def _names(table: str) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, COLUMNS[table]))


def _line(table: str, row: Read) -> str:
    """One line of COPY's text format. psycopg's own writer takes three times as long, which bounds a load."""
    values = row.values
    told = [_text(values[name] if name in values else DEFAULTS.get(name)) for name in COLUMNS[table]]
    return f"{row.row_id}\t{'\t'.join(told)}\n"


def _text(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value if value.isprintable() and "\\" not in value else storable_text(value).translate(_ESCAPES)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list):
        return json.dumps(value).translate(_ESCAPES)
    return str(value)


def table_named(name: str) -> str:
    """The name, if there is such a table. Raises InvalidInput."""
    if name not in COLUMNS:
        raise InvalidInput("table", got=name, expected=f"one of {', '.join(COLUMNS)}")
    return name
