"""The transactional outbox: a message is written with the change that it reports and published after the commit.

A crash between publishing and removing publishes again, so every consumer of these topics ignores repeats by id.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from psycopg.rows import DictRow

from shared.bus.dead_letters import publish_dead_letter
from shared.bus.producer import Producer, check_message
from shared.contracts.contract import Contract
from shared.errors import BusUnavailable, InvalidInput, StoreUnavailable
from shared.stores.postgres import EVERY_TENANT, Connection, Postgres
from shared.stores.statements import statements

logger = logging.getLogger(__name__)

BATCH = 500

_SQL = statements(Path(__file__).with_suffix(".sql"))


class OutboxMessage(Contract):
    """A message that waits for its transaction's commit."""

    topic: str
    key: str
    value: bytes


async def put(connection: Connection, tenant_id: str, investigation_id: str, messages: list[OutboxMessage]) -> None:
    """Write messages in the caller's transaction. Raises InvalidInput for one that no sweep could ever publish."""
    for message in messages:
        check_message(message.topic, message.value)
        await connection.execute(
            _SQL["put"], {"tenant_id": tenant_id, "investigation_id": investigation_id, **message.model_dump()}
        )


class Outbox:
    """Publishes what committed transactions left behind."""

    def __init__(self, postgres: Postgres, producer: Producer) -> None:
        self._postgres = postgres
        self._producer = producer

    async def relay(self, tenant_id: str, investigation_id: str) -> None:
        """Publish one investigation's messages now. What cannot go out stays for the sweep, which is no failure."""
        try:
            await self._publish(tenant_id, "take_of_investigation", investigation_id)
        except (BusUnavailable, StoreUnavailable) as error:  # what they report is committed, so nobody must fail now
            logger.warning("Messages of investigation %s stay in the outbox: %s", investigation_id, error)

    async def sweep(self) -> int:
        """Publish everything left over and return how many. Raises BusUnavailable, StoreUnavailable."""
        total = 0
        while count := await self._publish(EVERY_TENANT, "take_oldest", ""):
            total += count
        return total

    async def _publish(self, scope: str, statement: str, investigation_id: str) -> int:
        async with self._postgres.transaction(scope) as connection:
            cursor = await connection.execute(_SQL[statement], {"investigation_id": investigation_id, "limit": BATCH})
            rows = await cursor.fetchall()
            if rows:
                # gather keeps the order of messages with one key: the producer queues them in call order.
                outcomes = await asyncio.gather(*(self._send(row) for row in rows), return_exceptions=True)
                for outcome in outcomes:  # all have ended, so a repetition overtakes none of them
                    if isinstance(outcome, BaseException):
                        raise outcome
                await connection.execute(_SQL["remove"], {"ids": [row["id"] for row in rows]})
        return len(rows)

    async def _send(self, row: DictRow) -> None:
        """A message that Kafka refuses for good goes to the dead letters: one row must not block those behind it."""
        value = bytes(row["value"])
        try:
            await self._producer.publish(row["topic"], value, key=row["key"])
        except InvalidInput as error:
            logger.error("An outbox message for %s can never be published: %s", row["topic"], error)
            await publish_dead_letter(self._producer, error, value, source_topic=row["topic"], key=row["key"])
