"""How far a table of a workspace was read, and which rows of its overlap were published. Kept in PostgreSQL."""

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
class Page:
    """At most ``rows`` rows stored at or after ``since``, without the first ``skip``."""

    since: datetime
    skip: int
    rows: int


@dataclass(frozen=True, slots=True)
class FeedPosition:
    """The position in one feed as it was found. Times are the service's ``ingestion_time()``."""

    feed: Feed
    read_until: datetime
    next_at: datetime | None  # where the next page begins, while one is known to follow
    next_page: Page
    paused: bool

    @classmethod
    async def begin(cls, connection: Connection, feed: Feed, *, look_back: timedelta, page_rows: int) -> bool:
        """Make the position of a feed that has none and return True; commit before the feed is read."""
        values = {**feed.keys, "look_back": look_back, "page_rows": page_rows}
        return (await connection.execute(_SQL["begin"], values)).rowcount == 1

    @classmethod
    async def find(cls, connection: Connection, feed: Feed, *, overlap: timedelta) -> FeedPosition:
        """The position of a begun ``feed``, whose first page begins ``overlap`` early."""
        row = await (await connection.execute(_SQL["position"], feed.keys)).fetchone()
        if row is None:
            raise ValueError(f"{feed} was not begun")
        page = Page(row["next_at"] or row["read_until"] - overlap, row["next_skip"], row["page_rows"])
        return cls(feed, row["read_until"], row["next_at"], page, row["paused"])

    async def published(self, connection: Connection, digests: list[bytes]) -> set[bytes]:
        """Which of these rows were published before."""
        cursor = await connection.execute(_SQL["published"], {**self.feed.keys, "digests": digests})
        return {bytes(row["row_digest"]) for row in await cursor.fetchall()}

    async def remember(self, connection: Connection, rows: Mapping[bytes, datetime]) -> None:
        """Note published rows: digest and newest time of ingestion."""
        values = {**self.feed.keys, "digests": list(rows), "times": list(rows.values())}
        await connection.execute(_SQL["remember"], values)

    async def move(
        self, connection: Connection, last: datetime, *, next_page: Page | None, page_rows: int, overlap: timedelta
    ) -> bool:
        """Move on to ``last``, but not past now, and forget rows before the overlap; False when somebody else has moved
        it. No next page: read to the end.
        """
        found = {"found_until": self.read_until, "found_at": self.next_at, "found_skip": self.next_page.skip}
        following = {"next_at": next_page and next_page.since, "next_skip": next_page.skip if next_page else 0}
        values = {**self.feed.keys, **found, **following, "read_until": last, "page_rows": page_rows}
        row = await (await connection.execute(_SQL["move"], values)).fetchone()
        if row:
            await connection.execute(_SQL["forget"], {**self.feed.keys, "older_than": row["read_until"] - overlap})
        return row is not None

    async def ask_for(self, connection: Connection, page_rows: int) -> None:
        """Ask for pages of this size from now on."""
        await connection.execute(_SQL["ask_for"], {**self.feed.keys, "page_rows": page_rows})

    async def pause(self, connection: Connection, pause: timedelta) -> None:
        """Let nobody read the feed for this long."""
        await connection.execute(_SQL["pause"], {**self.feed.keys, "pause": pause})
