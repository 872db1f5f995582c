"""Actions as the executor keeps them: one row each, from the message or the undo request to the end."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb
from pydantic import Field

from shared.contracts.action import ActionName, ActionStatus
from shared.contracts.contract import Contract
from shared.contracts.outside_text import storable
from shared.errors import NotFound
from shared.response.catalogue import CATALOGUE
from shared.stores.postgres import Connection
from shared.stores.statements import statements

SQL = statements(Path(__file__).with_suffix(".sql"))
LEASE = timedelta(minutes=5)  # longer than any one attempt: its calls are bounded, see connectors/product.py
FOLLOWED = frozenset({ActionStatus.PENDING, ActionStatus.RUNNING})


class StoredAction(Contract):
    """One action. ``subject`` is what the connector knows of the target: ids, and how it stood before."""

    action_id: str
    investigation_id: str
    alert_id: str
    tenant_id: str
    action: ActionName
    target: str
    approved_by: str
    status: ActionStatus = ActionStatus.PENDING
    detail: str = ""
    parameters: dict[str, Any] = Field(default_factory=dict)
    subject: dict[str, Any] = Field(default_factory=dict)
    undoes: str | None = None
    attempts: int = 0
    waited_hours: float = 0

    @property
    def words(self) -> str:
        """The change in words."""
        return f"{self.action.replace('_', ' ')} {self.target}"


async def record(connection: Connection, action: StoredAction) -> bool:
    """Keep a new action; False when it is known already, by its id or as the same change in the same case."""
    values = action.model_dump(mode="json")
    stored = {name: Jsonb(storable(values[name])) for name in ("parameters", "subject")}
    return bool((await connection.execute(SQL["record"], values | stored)).rowcount)


async def claim(connection: Connection, tenant_id: str, action_id: str) -> dict[str, Any] | None:
    """The row of an action for whoever works on it now; None when there is nothing to do or somebody else does it.

    Read it after the commit: a row that this version cannot read must not come up again at once.
    """
    values = {"tenant_id": tenant_id, "action_id": action_id, "lease": LEASE}
    return await (await connection.execute(SQL["claim"], values)).fetchone()


async def lock(connection: Connection, tenant_id: str, action_id: str) -> StoredAction:
    """The action, held until the transaction ends. Raises NotFound."""
    values = {"tenant_id": tenant_id, "action_id": action_id}
    row = await (await connection.execute(SQL["lock"], values)).fetchone()
    if row is None:
        raise NotFound(f"action {action_id} does not exist for this tenant")
    return read_action(row)


async def settle(  # noqa: PLR0913 - what one attempt came to
    connection: Connection,
    action: StoredAction,
    *,
    status: ActionStatus,
    detail: str,
    subject: dict[str, Any],
    pause: timedelta | None,
) -> bool:
    """Keep what an attempt came to, with the pause before the next; False when somebody has overtaken it."""
    took_effect = status in {ActionStatus.EXECUTED, ActionStatus.VERIFIED} and (action.subject | subject).get("changed")
    hours = action.parameters.get("hours") if took_effect and CATALOGUE[action.action].undo else None
    values = {
        "tenant_id": action.tenant_id,
        "action_id": action.action_id,
        "attempts": action.attempts,
        "new_status": status,
        "detail": storable(detail),
        "subject": Jsonb(storable(subject)),
        "pause": pause,
        "time_limit": timedelta(hours=hours) if hours else None,
    }
    return bool((await connection.execute(SQL["settle"], values)).rowcount)


def read_action(row: dict[str, Any]) -> StoredAction:
    """A row as an action. Raises StoredByAnotherVersion."""
    waited = (row["now"] - row["executed_at"]).total_seconds() / 3600
    return StoredAction.from_stored({**row, "waited_hours": waited}, where=f"executed_actions {row['action_id']}")
