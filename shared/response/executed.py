"""What the executor did, read back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from shared.contracts.case_file import ExecutedAction
from shared.stores.postgres import Connection, Cursor
from shared.stores.statements import statements

_SQL = statements(Path(__file__).with_suffix(".sql"))


async def executed_actions(connection: Connection, tenant_id: str, investigation_id: str) -> list[ExecutedAction]:
    """The actions of one investigation, oldest first."""
    values = {"tenant_id": tenant_id, "investigation_id": investigation_id}
    rows = await (await connection.execute(_SQL["of_investigation"], values)).fetchall()
    return [ExecutedAction.from_stored(row, where=f"executed_actions of {investigation_id}") for row in rows]


async def done_for(connection: Connection, tenant_id: str, investigation_ids: Sequence[str]) -> Cursor:
    """``action`` and ``target`` of what was executed for these investigations, and for which ``investigation_id``."""
    return await connection.execute(
        _SQL["of_investigations"], {"tenant_id": tenant_id, "investigation_ids": list(investigation_ids)}
    )
