"""The transactional outbox: a message is written with the change that it reports and published after the commit.

A relay claims rows in one short transaction, publishes them while it holds no connection, and deletes them in another.
A crash in between publishes again once the claim lapses, so every consumer of these topics ignores repeats by id.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from psycopg.rows import DictRow

from shared.bus.dead_letters import publish_dead_letter
from shared.bus.producer import PUBLISH_SECONDS, Producer, check_message
from shared.contracts.contract import Contract
from shared.contracts.tenant import EVERY_TENANT
from shared.errors import InvalidInput, Retryable
from shared.stores.postgres import Connection, Postgres, Statement
from shared.stores.statements import statements

logger = logging.getLogger(__name__)

BATCH = 500
COUNTED = 10_000  # messages that wait; more are as bad
LEASE = timedelta(seconds=3 * PUBLISH_SECONDS)  # longer than a batch can take: message, dead letter, and the deletion
UNPUBLISHABLE = "alerts.raw.dlq"  # what Kafka refuses for good, whatever topic it was for
CLAIMING = 0x6F757462  # the advisory lock of whoever claims

_SQL = statements(Path(__file__).with_suffix(".sql"))


class OutboxMessage(Contract):
    """A message that waits for its transaction's commit."""

    topic: str
    key: str
    value: bytes


async def put(connection: Connection, tenant_id: str, subject_id: str, messages: Sequence[OutboxMessage]) -> None:
    """Write messages in the caller's transaction, in one statement and in their order.

    ``subject_id`` is what they are about, such as an investigation; empty when it is nothing that has an id. Raises
    InvalidInput for a message that no relay could ever publish.
    """
    if statement := put_statement(tenant_id, subject_id, messages):
        await connection.execute(*statement)


def put_statement(tenant_id: str, subject_id: str, messages: Sequence[OutboxMessage]) -> Statement | None:
    """The statement of :func:`put`, for a caller who sends it with others; None without messages."""
    for message in messages:
        check_message(message.topic, message.value)
    if not messages:
        return None
    values = {
        "tenant_id": tenant_id,
        "subject_id": subject_id,
        "topics": [message.topic for message in messages],
        "keys": [message.key for message in messages],
        "values": [message.value for message in messages],
    }
    return _SQL["put"], values


async def waiting_messages(postgres: Postgres) -> tuple[int, datetime | None]:
    """How many messages wait, at most COUNTED, and since when the oldest. Raises StoreUnavailable."""
    async with postgres.transaction(EVERY_TENANT) as connection:
        row = await (await connection.execute(_SQL["waiting"], {"at_most": COUNTED})).fetchone()
    return (row["waiting"], row["oldest_at"]) if row else (0, None)


class Outbox:
    """Publishes what committed transactions left behind: soon after :meth:`notify`, and by a timer's :meth:`sweep`."""

    def __init__(self, postgres: Postgres, producer: Producer) -> None:
        self._postgres = postgres
        self._producer = producer
        self._relaying: asyncio.Task[None] | None = None
        self._notified = False

    def notify(self) -> None:
        """Have this process's one relay publish what was committed; returns at once and never fails.

        What cannot go out now stays for the next notification or sweep.
        """
        self._notified = True
        if self._relaying is None or self._relaying.done():
            self._relaying = asyncio.create_task(self._relay())

    async def settled(self) -> None:
        """Wait until the relay that was notified has published, or has given up until the next sweep."""
        if self._relaying is not None:
            await self._relaying

    async def sweep(self) -> int:
        """Publish everything left over and return how many.

        A topic that fails sits out the rest of the sweep while the others go on; its error is raised at the end. Raises
        BusUnavailable, StoreUnavailable.
        """
        total = 0
        failures: dict[str, BaseException] = {}  # by topic
        rows = await self._claim([], settled=[])
        while rows:
            # Messages with one key keep their order: the producer queues them in call order.
            outcomes = await asyncio.gather(*(self._send(row) for row in rows), return_exceptions=True)
            gone, kept = _settled(rows, outcomes, failures)
            total += len(gone)
            rows = await self._claim(list(failures), settled=_statements_of(gone, kept))
        for failure in failures.values():
            raise failure
        return total

    async def _relay(self) -> None:
        while self._notified:
            self._notified = False
            try:
                await self.sweep()
            except Retryable as error:  # what they report is committed, so nobody must fail now
                logger.warning("Messages stay in the outbox until the next sweep: %s", error)
                return

    async def _claim(self, failing: list[str], *, settled: list[Statement]) -> list[DictRow]:
        """The next rows to publish, claimed in one transaction with what became of those before them."""
        claim = {"lease": LEASE, "limit": BATCH, "failing": failing}
        statements = (*settled, (_SQL["one_claim_at_a_time"], {"lock": CLAIMING}), (_SQL["claim"], claim))
        *_, claimed = await self._postgres.together(EVERY_TENANT, *statements)
        return sorted(claimed.rows, key=lambda row: row["id"])

    async def _send(self, row: DictRow) -> None:
        """A message that Kafka refuses for good goes to the dead letters: one row must not block those behind it."""
        value = bytes(row["value"])
        try:
            await self._producer.publish(row["topic"], value, key=row["key"])
        except InvalidInput as error:
            logger.error("An outbox message for %s can never be published: %s", row["topic"], error)
            await publish_dead_letter(
                self._producer, error, value, topic=UNPUBLISHABLE, source_topic=row["topic"], key=row["key"]
            )


def _settled(
    rows: list[DictRow], outcomes: list[BaseException | None], failures: dict[str, BaseException]
) -> tuple[list[int], list[int]]:
    """The ids of the rows that went out, and of those that stay; ``failures`` gets the first error of each topic.

    A row behind a failed one of its key stays even if it went out: it is published again, and so comes last.
    """
    gone, kept, behind = list[int](), list[int](), set[tuple[str, str]]()
    for row, outcome in zip(rows, outcomes, strict=True):
        place = row["topic"], row["key"]
        if outcome is not None:
            failures.setdefault(row["topic"], outcome)
            behind.add(place)
        (kept if place in behind else gone).append(row["id"])
    return gone, kept


def _statements_of(gone: list[int], kept: list[int]) -> list[Statement]:
    """What the table is told of rows that were claimed."""
    said = (("remove", gone), ("release", kept))
    return [(_SQL[name], {"ids": ids}) for name, ids in said if ids]
