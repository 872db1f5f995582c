"""Place: how far a table of a workspace was read, and which rows of its overlap were published. Kept in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from shared.stores.postgres import Connection
from shared.stores.statements import statements

_SQL = statements(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True)
class Feed:
    """One table of one workspace, and the tenant whose alerts it holds."""

    workspace_id: str
    tenant_id: str
    source_table: str

    def __str__(self) -> str:
        return f"{self.source_table} of workspace {self.workspace_id} (tenant {self.tenant_id})"

    @property
    def keys(self) -> dict[str, str]:
        """The columns that name it."""
        return {"tenant_id": self.tenant_id, "workspace_id": self.workspace_id, "source_table": self.source_table}


@dataclass(frozen=True, slots=True)
class Place:
    """The place of one feed, locked until its transaction ends. Times are the service's ``ingestion_time()``."""

    connection: Connection
    feed: Feed
    read_until: datetime
    page_rows: int
    paused: bool

    @classmethod
    async def begin(cls, connection: Connection, feed: Feed, *, look_back: timedelta, page_rows: int) -> bool:
        """Make the place of a feed that has none and return True; commit before the feed is read."""
        values = {**feed.keys, "look_back": look_back, "page_rows": page_rows}
        return (await connection.execute(_SQL["begin"], values)).rowcount == 1

    @classmethod
    async def take(cls, connection: Connection, feed: Feed) -> Place | None:
        """Lock the place of ``feed``; None while somebody else has it."""
        row = await (await connection.execute(_SQL["take"], feed.keys)).fetchone()
        return cls(connection, feed, row["read_until"], row["page_rows"], row["paused"]) if row else None

    async def published(self, digests: list[bytes]) -> set[bytes]:
        """Which of these rows were published before."""
        cursor = await self.connection.execute(_SQL["published"], {**self.feed.keys, "digests": digests})
        return {bytes(row["row_digest"]) for row in await cursor.fetchall()}

    async def remember(self, rows: Mapping[bytes, datetime]) -> None:
        """Note published rows: digest and newest time of ingestion."""
        values = {**self.feed.keys, "digests": list(rows), "times": list(rows.values())}
        await self.connection.execute(_SQL["remember"], values)

    async def move(self, read_until: datetime, *, overlap: timedelta) -> datetime:
        """Move on to ``read_until``, but not past now, and forget rows before the overlap. Returns the new place."""
        values = {**self.feed.keys, "read_until": read_until}
        row = await (await self.connection.execute(_SQL["move"], values)).fetchone()
        moved: datetime = row["read_until"] if row else self.read_until
        await self.connection.execute(_SQL["forget"], {**self.feed.keys, "older_than": moved - overlap})
        return moved

    async def ask_for(self, page_rows: int) -> None:
        """Ask for pages of this size from now on."""
        if page_rows != self.page_rows:
            await self.connection.execute(_SQL["ask_for"], {**self.feed.keys, "page_rows": page_rows})

    async def pause(self, pause: timedelta) -> None:
        """Let nobody read the feed for this long."""
        await self.connection.execute(_SQL["pause"], {**self.feed.keys, "pause": pause})
