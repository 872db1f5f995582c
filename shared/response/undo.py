"""Undoing: by a person, or by itself when an action's time limit is over. An undo is an action of its own, carried out
like any other; the one that it undoes becomes `undone` when the effect is seen.
"""

from __future__ import annotations

import logging

from shared.bus.outbox import Outbox, put
from shared.contracts.action import ActionStatus
from shared.contracts.audit import ActorType
from shared.contracts.tenant import EVERY_TENANT
from shared.errors import Conflict, StoredByAnotherVersion
from shared.response.catalogue import CATALOGUE
from shared.response.live import MOST, LiveActions
from shared.response.report import action_event
from shared.response.stored_actions import SQL, StoredAction, lock, record
from shared.stores.postgres import Connection, Postgres

# Of an action that needs a person the product may have done a part, so its undo looks for that.
UNDOABLE = frozenset({ActionStatus.EXECUTED, ActionStatus.VERIFIED, ActionStatus.NEEDS_PERSON})
BY_TIME = "time limit"

logger = logging.getLogger(__name__)


class Undo:
    """Asks for undoing. Whether the person may is the API's question."""

    def __init__(self, postgres: Postgres, outbox: Outbox, live: LiveActions) -> None:
        self._postgres = postgres
        self._outbox = outbox
        self._live = live

    async def request(self, tenant_id: str, action_id: str, *, by: str, permissions: list[str]) -> StoredAction:
        """Have an action undone soon; the undo as it was kept. A second request is the same one.

        Raises NotFound, Conflict (nothing to undo, no undo exists, not live), StoreUnavailable.
        """
        async with self._postgres.transaction(tenant_id) as connection:
            action = await lock(connection, tenant_id, action_id)
            undo = self._undo_of(action, by)
            kept = await _begin(connection, undo, actor=ActorType.HUMAN, permissions=permissions)
        self._outbox.notify()
        return kept

    async def undo_what_is_over(self) -> int:
        """Begin the undo of every action whose time limit is over; returns how many. Raises StoreUnavailable."""
        async with self._postgres.transaction(EVERY_TENANT) as connection:
            rows = await (await connection.execute(SQL["over_their_time"], {"limit": MOST})).fetchall()
        for row in rows:
            try:
                async with self._postgres.transaction(row["tenant_id"]) as connection:
                    await self._end(connection, await lock(connection, row["tenant_id"], row["action_id"]))
            except StoredByAnotherVersion as error:  # that version runs beside this one and undoes it
                logger.warning("Action %s stays until then: %s", row["action_id"], error)
        if rows:
            self._outbox.notify()
        return len(rows)

    async def _end(self, connection: Connection, action: StoredAction) -> None:
        """Begin the undo, or leave it to a person. The limit goes in the same transaction: the undo begins once."""
        values = {"tenant_id": action.tenant_id, "action_id": action.action_id}
        await connection.execute(SQL["forget_time_limit"], values)
        if action.status is ActionStatus.UNDONE:
            return
        try:
            undo = self._undo_of(action, BY_TIME)
        except Conflict as error:
            detail = f"its time limit is over and it stays: {error}"
            await connection.execute(SQL["mark"], {**values, "new_status": ActionStatus.NEEDS_PERSON, "detail": detail})
            event = action_event(action, ActionStatus.NEEDS_PERSON, detail)
            await put(connection, action.tenant_id, action.investigation_id, [event])
        else:
            await _begin(connection, undo, actor=ActorType.SCHEDULER, permissions=[])

    def _undo_of(self, action: StoredAction, by: str) -> StoredAction:
        undoing = CATALOGUE[action.action].undo
        if undoing is None:
            raise Conflict(f"action {action.action_id} ({action.action}) cannot be undone by this product")
        if action.status not in UNDOABLE:
            raise Conflict(f"action {action.action_id} is {action.status}, so there is nothing to undo")
        if action.status is not ActionStatus.NEEDS_PERSON and not action.subject.get("changed"):
            raise Conflict(f"action {action.action_id} changed nothing ({action.detail}), so there is nothing to undo")
        undo = StoredAction(
            action_id=f"{action.action_id}:undo",
            investigation_id=action.investigation_id,
            alert_id=action.alert_id,
            tenant_id=action.tenant_id,
            action=undoing,
            target=action.target,
            detail=f"will {undoing.replace('_', ' ')} {action.target}",
            approved_by=by,
            parameters={name: value for name, value in action.parameters.items() if name != "hours"},
            subject={"undone": action.subject},
            undoes=action.action_id,
        )
        if self._live.connector(undo) is None:
            raise Conflict(
                f"{CATALOGUE[undoing].action_class} actions are not live for this tenant: undo it in the product itself"
            )
        return undo


async def _begin(
    connection: Connection, undo: StoredAction, *, actor: ActorType, permissions: list[str]
) -> StoredAction:
    """Keep the undo, or have one that failed tried again; the undo as it is kept."""
    if not await record(connection, undo):
        values = {"tenant_id": undo.tenant_id, "action_id": undo.action_id, "approved_by": undo.approved_by}
        again = await connection.execute(SQL["try_again"], values)
        undo = await lock(connection, undo.tenant_id, undo.action_id)
        if again.rowcount == 0:
            return undo
    event = action_event(
        undo, ActionStatus.PENDING, undo.detail, actor=(actor, undo.approved_by), permissions=permissions
    )
    await put(connection, undo.tenant_id, undo.investigation_id, [event])
    return undo
