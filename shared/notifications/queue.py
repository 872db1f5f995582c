"""Messages that wait to be sent: put with the change that they tell of, sent by a timer that holds no connection."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb

from shared.contracts.tenant import EVERY_TENANT
from shared.errors import StoredByAnotherVersion
from shared.notifications.channels import Channel, NotDelivered
from shared.notifications.links import CaseLinks
from shared.notifications.notice import Notice
from shared.stores.postgres import Connection, Postgres
from shared.stores.statements import statements

BATCH = 20  # in one run of the timer: a flood of approvals must not be a flood of messages
LEASE = timedelta(minutes=3)  # longer than a batch takes when its every message takes its whole time
FIRST_PAUSE = timedelta(seconds=30)  # doubled each time
MOST_ATTEMPTS = 5

logger = logging.getLogger(__name__)

_SQL = statements(Path(__file__).with_suffix(".sql"))


class Notifications:
    """Puts messages for every channel and sends what is due. Without channels there is nothing to do."""

    def __init__(self, postgres: Postgres, channels: Sequence[Channel], links: CaseLinks | None) -> None:
        self._postgres = postgres
        self._channels: Mapping[str, Channel] = {channel.name: channel for channel in channels}
        self._links = links

    @property
    def wanted(self) -> bool:
        """Whether anybody would read a message."""
        return bool(self._channels)

    async def put(self, connection: Connection, notice: Notice) -> None:
        """Leave a message for each channel in the caller's transaction, once for its approval and kind."""
        values = {
            "notification_id": f"{notice.approval_id}:{notice.kind}",
            "tenant_id": notice.tenant_id,
            "channels": list(self._channels),
            "notice": Jsonb(notice.model_dump(mode="json")),
        }
        await connection.execute(_SQL["put"], values)

    async def leave(self, notice: Notice) -> list[str]:
        """Leave a message for each channel, once, and say which; none where nobody would read it. Raises
        StoreUnavailable.
        """
        if self._channels:
            async with self._postgres.transaction(notice.tenant_id) as connection:
                await self.put(connection, notice)
        return list(self._channels)

    async def send_due(self) -> int:
        """Send what is due, the channels side by side, and return how many messages went out.

        The first failure of a channel ends its turn; a message is given up after MOST_ATTEMPTS. Raises
        StoreUnavailable.
        """
        if not self._channels:
            return 0
        async with self._postgres.transaction(EVERY_TENANT) as connection:
            values = {"lease": LEASE, "limit": BATCH, "channels": list(self._channels)}
            rows = await (await connection.execute(_SQL["claim"], values)).fetchall()
        rows.sort(key=lambda row: row["channel"])
        turns = [list(group) for _, group in groupby(rows, key=lambda row: row["channel"])]
        return sum(await asyncio.gather(*map(self._turn, turns)))

    async def _turn(self, rows: list[dict[str, Any]]) -> int:
        for sent, row in enumerate(rows):
            if not await self._sent(row):
                return sent
        return len(rows)

    async def _sent(self, row: dict[str, Any]) -> bool:
        try:
            notice = Notice.from_stored(row["notice"], where=f"notifications {row['notification_id']}")
            await self._channels[row["channel"]].send(notice, self._link(notice))
        except NotDelivered as error:
            await self._failed(row, error)
            return False
        except StoredByAnotherVersion as error:  # that version runs beside this one and sends it
            logger.info("A message is left: %s", error)
            return True
        await self._change("remove", row)
        return True

    async def _failed(self, row: dict[str, Any], error: NotDelivered) -> None:
        attempts = row["attempts"] + 1
        if attempts < MOST_ATTEMPTS:
            logger.warning("Message %s goes out later: %s", row["notification_id"], error)
            await self._change("put_off", row, pause=FIRST_PAUSE * 2 ** row["attempts"])
        else:
            logger.error("Message %s is given up after %d attempts: %s", row["notification_id"], attempts, error)
            await self._change("remove", row)

    async def _change(self, statement: str, row: dict[str, Any], **values: Any) -> None:
        async with self._postgres.transaction(EVERY_TENANT) as connection:
            await connection.execute(_SQL[statement], {"notification_id": row["notification_id"], **values})

    def _link(self, notice: Notice) -> str:
        assert self._links is not None  # the settings ask for it with a channel
        return self._links.link(
            tenant_id=notice.tenant_id,
            investigation_id=notice.investigation_id,
            until=datetime.fromisoformat(notice.expires_at),
        )
