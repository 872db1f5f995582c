"""The journal of every accepted event, one SQLite file. It holds the payloads; memory holds none of them.

A kill of the process loses nothing that was accepted; a power cut may lose the newest events (no fsync per event).
Events never expire: delete the file to start afresh.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.eventhubs.event_bytes import Position
from shared.errors import ConfigurationError, StoreUnavailable

LOCK_TIMEOUT = 0.5  # seconds; another process either just ends or never will

# Exclusive: a second namespace on the same file would give one sequence number to two events.
_SCHEMA = """
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS hub (name TEXT PRIMARY KEY, partitions INTEGER NOT NULL, created_ms INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS event (
        partition TEXT NOT NULL, sequence INTEGER NOT NULL, offset INTEGER NOT NULL, enqueued_ms INTEGER NOT NULL,
        header_size INTEGER NOT NULL, message BLOB NOT NULL, PRIMARY KEY (partition, sequence));
    BEGIN IMMEDIATE; COMMIT;
"""
_LAST = """SELECT sequence, offset, enqueued_ms, length(message) FROM event
    WHERE partition = ? ORDER BY sequence DESC LIMIT 1"""
_POSITION = "SELECT sequence, offset, enqueued_ms FROM event WHERE partition = ? AND sequence = ?"
_READ = "SELECT header_size, message FROM event WHERE partition = ? AND sequence >= ? ORDER BY sequence LIMIT ?"
_APPEND = "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it goes out: ``message`` in bytes, of which the first ``header_size`` are its header section."""

    position: Position
    header_size: int
    message: bytes


@contextmanager
def _wrapped() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as cause:
        raise StoreUnavailable("the event journal", cause) from cause


class Journal:
    """Append-only logs by partition name; every method raises StoreUnavailable when SQLite fails."""

    def __init__(self, path: Path) -> None:
        with _wrapped():
            self._db = sqlite3.connect(path, isolation_level=None, timeout=LOCK_TIMEOUT)
            self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Fold the write-ahead log into the file and release it."""
        self._db.close()

    def register_hub(self, name: str, partitions: int) -> int:
        """Return when the hub was first seen (ms since 1970); ConfigurationError if it had another partition count."""
        with _wrapped():
            self._db.execute("INSERT OR IGNORE INTO hub VALUES (?, ?, ?)", (name, partitions, time.time_ns() // 10**6))
            row = self._db.execute("SELECT partitions, created_ms FROM hub WHERE name = ?", (name,)).fetchone()
        if row[0] != partitions:
            raise ConfigurationError(
                f"--hub {name}: got {partitions} partitions, but the store holds it with {row[0]}, and another "
                f"number would move its keys. Ask for {row[0]} or give another --store."
            )
        return int(row[1])

    def last(self, partition: str) -> tuple[Position, int] | None:
        """Return the newest event's position and size in bytes."""
        with _wrapped():
            row = self._db.execute(_LAST, (partition,)).fetchone()
        return (Position(*row[:3]), row[3]) if row else None

    def position(self, partition: str, sequence: int) -> Position:
        """Return the position of an event that exists."""
        with _wrapped():
            return Position(*self._db.execute(_POSITION, (partition, sequence)).fetchone())

    def append(self, partition: str, events: list[StoredEvent]) -> None:
        """Store the events of one transfer, all or none; they are durable when this returns."""
        rows = [
            (partition, place.sequence, place.offset, place.enqueued_ms, event.header_size, event.message)
            for event in events
            for place in (event.position,)
        ]
        with _wrapped(), self._db:
            self._db.execute("BEGIN")
            self._db.executemany(_APPEND, rows)

    def read(self, partition: str, sequence: int, limit: int) -> Iterator[tuple[int, bytes]]:
        """Yield (header size, message) of at most ``limit`` events from ``sequence`` on, one in memory at a time."""
        with _wrapped(), closing(self._db.execute(_READ, (partition, sequence, limit))) as rows:
            yield from rows
