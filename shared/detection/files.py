"""Telemetry from a file into its table: CSV with a header, JSON lines, or Parquet."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import batched
from pathlib import Path
from typing import Any

from shared.contracts.outside_text import read_json
from shared.detection.telemetry import Read, Telemetry, read_row, table_named
from shared.detection.telemetry_rows import COLUMNS
from shared.errors import InvalidInput

BATCH = 20_000  # rows of one transaction
MOST_SHOWN = 10  # refused rows that are named
CHUNK = 1 << 20  # bytes


@dataclass
class Loaded:
    """What became of a file's rows. A row that was there already is neither new nor refused."""

    table: str
    read: int = 0
    new: int = 0
    refused: int = 0
    reasons: list[str] = field(default_factory=list)


async def load(telemetry: Telemetry, path: Path, *, table: str = "") -> Loaded:
    """Store a file's rows; those that no table takes are counted and named. Loading a file again adds nothing.

    Without ``table`` the file's name must begin with one. Raises InvalidInput for a file that cannot be read at all,
    StoreUnavailable.
    """
    loaded = Loaded(table_named(table) if table else _table_of(path))
    digest = _digest(path)
    for lines in batched(enumerate(_rows(path), start=1), BATCH, strict=False):
        read: list[Read] = []
        for number, given in lines:
            loaded.read += 1
            try:
                read.append(read_row(loaded.table, given, origin=f"{digest} {number}"))
            except InvalidInput as error:
                loaded.refused += 1
                if len(loaded.reasons) < MOST_SHOWN:
                    loaded.reasons.append(f"row {number}: {error}")
        loaded.new += await telemetry.store(loaded.table, read)
    return loaded


def _table_of(path: Path) -> str:
    for table in COLUMNS:
        if path.name.startswith(table):
            return table
    raise InvalidInput(
        "file", got=path.name, expected=f"a name that begins with one of {', '.join(COLUMNS)}, or --table"
    )


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(CHUNK):
                digest.update(block)
    except OSError as error:
        raise InvalidInput("file", got=str(path), expected="a file that can be read", hint=str(error)) from error
    return digest.hexdigest()


def _rows(path: Path) -> Iterator[Any]:
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise InvalidInput("file", got=path.name, expected=f"a name that ends in one of {', '.join(READERS)}")
    return iter(reader(path))


def _csv(path: Path) -> Iterable[Any]:
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        try:
            for row in csv.DictReader(file):
                yield {name: value for name, value in row.items() if value != ""}
        except csv.Error as error:
            raise InvalidInput("file", got=path.name, expected="CSV", hint=str(error)) from error


def _json_lines(path: Path) -> Iterable[Any]:
    with path.open("rb") as file:
        for line in file:
            if not line.isspace():
                value: Any = line.decode(errors="replace")
                with suppress(InvalidInput):  # what is no JSON is refused as a row, with its beginning
                    value = read_json(line)
                yield value


def _parquet(path: Path) -> Iterable[Any]:
    try:
        from pyarrow import parquet  # noqa: PLC0415 - 100 MB that only this needs
    except ImportError as error:
        raise InvalidInput(
            "file", got=path.name, expected=".csv or .jsonl", hint="For Parquet install pyarrow (pip install pyarrow)."
        ) from error
    try:
        for batch in parquet.ParquetFile(path).iter_batches():
            for row in batch.to_pylist():
                yield {name: value for name, value in row.items() if value is not None}
    except ValueError as error:  # ArrowInvalid is one
        raise InvalidInput("file", got=path.name, expected="Parquet", hint=str(error)) from error


READERS = {".csv": _csv, ".jsonl": _json_lines, ".ndjson": _json_lines, ".parquet": _parquet}
