"""Carries out actions whose class is live: one attempt at a time, until the effect is seen or a person is needed.

    pending -> running -> verified, or executed where the effect cannot be seen -> undone
    pending, running -> failed, needs_person

No transaction is open while a product is asked. An attempt claims the action for some minutes, so two never meet; one
that a crash cut off is repeated, and connectors look for their own earlier request before they make one.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta

from shared.bus.outbox import Outbox, put
from shared.contracts.action import ActionClass, ActionStatus
from shared.contracts.tenant import EVERY_TENANT
from shared.errors import Retryable, StoreUnavailable, Terminal
from shared.response.catalogue import CATALOGUE
from shared.response.connectors.connector import Connector, Outcome, failed, needs_person
from shared.response.connectors.product import ProductUnavailable
from shared.response.report import action_event
from shared.response.stored_actions import FOLLOWED, SQL, StoredAction, claim, lock, read_action, settle
from shared.stores.postgres import Connection, Postgres
from shared.telemetry import LogAction, log_fields

FIRST_PAUSE = timedelta(seconds=5)  # between two attempts, doubled each time
LONGEST_PAUSE = timedelta(minutes=5)
PATIENCE_HOURS = 12.0  # a device that is off may come back; after that a person must know
MOST = 20  # actions that one tick takes up
# What Python raises on an answer without what its documentation promises. It may be whole again later.
UNEXPECTED = (AttributeError, LookupError, TypeError, ValueError)

logger = logging.getLogger(__name__)


class LiveActions:
    """``connectors`` by class; ``live`` names for each tenant the classes that may change anything."""

    def __init__(
        self,
        postgres: Postgres,
        outbox: Outbox,
        *,
        connectors: Mapping[ActionClass, Connector],
        live: Mapping[str, frozenset[ActionClass]],
    ) -> None:
        self._postgres = postgres
        self._outbox = outbox
        self._connectors = connectors
        self._live = live

    def connector(self, action: StoredAction) -> Connector | None:
        """Who carries this action out; None where it is a dry run."""
        action_class = CATALOGUE[action.action].action_class
        live = action_class in self._live.get(action.tenant_id, frozenset())
        return self._connectors.get(action_class) if live else None

    async def carry_out_due(self) -> int:
        """One more attempt at every action that waits for one; returns how many. Raises StoreUnavailable."""
        async with self._postgres.transaction(EVERY_TENANT) as connection:
            rows = await (await connection.execute(SQL["due"], {"limit": MOST})).fetchall()
        for row in rows:
            try:
                await self.carry_out(row["tenant_id"], row["action_id"])
            except StoreUnavailable:
                raise
            except Retryable as error:  # a newer version's row: it carries that out itself
                logger.warning("Action %s waits: %s", row["action_id"], error)
        return len(rows)

    async def carry_out(self, tenant_id: str, action_id: str) -> None:
        """Attempt until there is something to wait for. A product that fails is no error here: the timer goes on.

        Raises StoreUnavailable.
        """
        while True:
            async with self._postgres.transaction(tenant_id) as connection:
                row = await claim(connection, tenant_id, action_id)
            if row is None:
                return
            action = read_action(row)
            outcome, pause = await self._attempt(action)
            async with self._postgres.transaction(tenant_id) as connection:
                await self._settle(connection, action, outcome, pause)
            self._outbox.notify()
            if pause != timedelta():
                return

    async def _attempt(self, action: StoredAction) -> tuple[Outcome, timedelta | None]:
        """What the product made of it, and when to ask again: at once, later or never."""
        connector = self.connector(action)
        if connector is None:
            return needs_person(f"its class is live no longer; look whether the product did: {action.words}"), None
        begin = action.status is ActionStatus.PENDING
        wait = min(FIRST_PAUSE * 2 ** min(action.attempts, 10), LONGEST_PAUSE)
        try:
            outcome = await (connector.prepare(action) if begin else connector.perform(action))
        except ProductUnavailable as error:
            outcome = Outcome(action.status, str(error))
            wait = max(wait, timedelta(seconds=min(error.retry_after or 0, LONGEST_PAUSE.total_seconds())))
        except Terminal as error:
            outcome = failed(str(error))
        except UNEXPECTED as error:
            outcome = Outcome(action.status, f"the product's answer has another shape than expected: {error!r}")
        if outcome.status in FOLLOWED and action.waited_hours > PATIENCE_HOURS:
            return needs_person(f"not done after {PATIENCE_HOURS:g} hours: {outcome.detail}"), None
        if outcome.status not in FOLLOWED:
            return outcome, None
        if begin and outcome.status is ActionStatus.RUNNING:
            return outcome, timedelta()
        return outcome, wait

    async def _settle(
        self, connection: Connection, action: StoredAction, outcome: Outcome, pause: timedelta | None
    ) -> None:
        # The undone one first, as undo.py locks them.
        undone = await lock(connection, action.tenant_id, action.undoes) if action.undoes else None
        kept = await settle(
            connection, action, status=outcome.status, detail=outcome.detail, subject=outcome.subject, pause=pause
        )
        if not kept or outcome.status is action.status:
            return
        messages = [action_event(action, outcome.status, outcome.detail)]
        if undone and outcome.status in {ActionStatus.EXECUTED, ActionStatus.VERIFIED}:
            values = {"tenant_id": undone.tenant_id, "action_id": undone.action_id, "detail": outcome.detail}
            await connection.execute(SQL["mark"], {**values, "new_status": ActionStatus.UNDONE})
            messages.append(action_event(undone, ActionStatus.UNDONE, outcome.detail))
        await put(connection, action.tenant_id, action.investigation_id, messages)
        if action.approved_by and outcome.status in {ActionStatus.FAILED, ActionStatus.NEEDS_PERSON}:
            logger.warning(
                "Action %s of tenant %s (%s): %r",
                action.action_id,
                action.tenant_id,
                outcome.status,
                outcome.detail,
                extra=log_fields(LogAction.ACTION_NOT_DONE, tenant_id=action.tenant_id, action_id=action.action_id),
            )
