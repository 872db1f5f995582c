"""One host at a time works a hub: it holds a PostgreSQL advisory lock, which dies with its connection.

The other hosts serve the client API, stand by and take over. The lease saves double work; what keeps an instance
from two writers is the revision check of Store.commit.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import LiteralString

import psycopg

from local.taskhub.statements import STATEMENTS
from shared.errors import StoreUnavailable

logger = logging.getLogger(__name__)

RECONNECT_SECONDS = 0.5
# A server that waits for the lock on behalf of a killed host must notice that its client is gone.
NOTICE_DEAD_CLIENT: LiteralString = "SET client_connection_check_interval = '1s'"


class Lease:
    """The right to work a hub. ``gained`` runs each time it is won; ``noticed`` gets the ids other hosts announce."""

    def __init__(
        self, *, url: str, hub: str, gained: Callable[[], Awaitable[None]], noticed: Callable[[str], None]
    ) -> None:
        self._url = url
        self._hub = hub
        self._gained = gained
        self._noticed = noticed
        self.held = asyncio.Event()

    async def keep(self) -> None:
        """Win the lease, hold it, win it back when the connection breaks; ends by cancellation."""
        while True:
            try:
                await self._hold()
            except (psycopg.Error, StoreUnavailable) as error:
                if self.held.is_set():
                    logger.warning("the lease on task hub %s is lost: %s", self._hub, error)
            finally:
                self.held.clear()
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _hold(self) -> None:
        name = {"hub": self._hub}
        async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as connection:
            await connection.execute(NOTICE_DEAD_CLIENT)
            row = await (await connection.execute(STATEMENTS["try_to_lead"], name)).fetchone()
            if row is None or not row[0]:
                logger.info("another host works task hub %s; this one stands by", self._hub)
                await connection.execute(STATEMENTS["lead"], name)
            await connection.execute("LISTEN taskhub")
            self.held.set()
            await self._gained()
            async for notice in connection.notifies():
                hub, _, instance_id = notice.payload.rpartition(" ")
                if hub == self._hub:
                    self._noticed(instance_id)
