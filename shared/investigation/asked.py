"""What other investigations ask of a person already, or have had done."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from shared.contracts.action import Action
from shared.response.executed import done_for
from shared.stores.postgres import Postgres
from shared.stores.statements import statements

_SQL = statements(Path(__file__).with_suffix(".sql"))


class AskedActions:
    """Reads one tenant's approvals and executed actions."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def of(self, tenant_id: str, investigation_ids: Sequence[str]) -> dict[tuple[str, str], str]:
        """:func:`same` of an action -> who asks for it, as a person reads it. Raises StoreUnavailable.

        What was denied or expired is not there: it may be asked for again.
        """
        values = {"tenant_id": tenant_id, "investigation_ids": list(investigation_ids)}
        found: dict[tuple[str, str], str] = {}
        async with self._postgres.transaction(tenant_id) as connection:
            async with connection.pipeline():
                asked = await connection.execute(_SQL["asked_for"], values)
                executed = await done_for(connection, tenant_id, investigation_ids)
            for row in await asked.fetchall():
                who = f"approval {row['approval_id']} of investigation {row['investigation_id']} asks for it"
                for item in row["actions"]:
                    action = Action.from_stored(item, where=f"action_approvals {row['approval_id']}")
                    found.setdefault(same(action.action, action.target), who)
            for done in await executed.fetchall():
                who = f"it was done for investigation {done['investigation_id']}"
                found.setdefault(same(done["action"], done["target"]), who)
        return found


def same(action: str, target: str) -> tuple[str, str]:
    """What two actions have in common that come to the same."""
    return str(action), target.casefold()
