"""Turning kill switches on and off: each change and its audit event are one transaction.

The steps of investigations read the same table (kill_switch.py), so a change holds from its commit on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shared.access.changes import record_change
from shared.access.identity import Identity
from shared.bus.outbox import Outbox
from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.kill_switch import KillSwitch, KillSwitchChange, KillSwitchDimension
from shared.contracts.outside_text import storable_text
from shared.contracts.taxonomy import techniques
from shared.errors import InvalidInput, NotFound
from shared.stores.postgres import Connection, Postgres
from shared.stores.statements import statements

_SQL = statements(Path(__file__).with_suffix(".sql"))


class KillSwitchPanel:
    """Raises StoreUnavailable in every method."""

    def __init__(self, postgres: Postgres, outbox: Outbox) -> None:
        self._postgres = postgres
        self._outbox = outbox

    async def active(self, tenant_id: str) -> list[KillSwitch]:
        """The tenant's switches that are on, the newest first."""
        async with self._postgres.transaction(tenant_id) as connection:
            rows = await (await connection.execute(_SQL["all_active"], {"tenant_id": tenant_id})).fetchall()
        return [_switch(row) for row in rows]

    async def activate(self, change: KillSwitchChange, by: Identity) -> KillSwitch:
        """The switch, on; one that was on already stays as it is. Raises InvalidInput for what no case could meet."""
        value = _checked(change, by.tenant_id)
        named = {"tenant_id": by.tenant_id, "dimension": change.dimension, "value": value}
        async with self._postgres.transaction(by.tenant_id) as connection:
            inserted = await connection.execute(
                _SQL["activate"], {**named, "activated_by": by.subject, "reason": storable_text(change.reason)}
            )
            row = await (await connection.execute(_SQL["one_active"], named)).fetchone()
            if inserted.rowcount:
                await _record(connection, AuditEventType.KILL_SWITCH_ACTIVATED, change, value, by)
        if row is None:  # somebody turned it off at this moment
            raise NotFound(f"kill switch {change.dimension}:{value} was turned off meanwhile; turn it on again")
        self._outbox.notify()
        return _switch(row)

    async def deactivate(self, change: KillSwitchChange, by: Identity) -> None:
        """Turn a switch off. Raises NotFound when it is not on."""
        value = _checked(change, by.tenant_id)
        named = {"tenant_id": by.tenant_id, "dimension": change.dimension, "value": value}
        async with self._postgres.transaction(by.tenant_id) as connection:
            if (await connection.execute(_SQL["deactivate"], named)).rowcount == 0:
                raise NotFound(f"kill switch {change.dimension}:{value} is not on for this tenant; nothing was changed")
            await _record(connection, AuditEventType.KILL_SWITCH_DEACTIVATED, change, value, by)
        self._outbox.notify()


def _checked(change: KillSwitchChange, tenant_id: str) -> str:
    """The value as cases are compared with it: a mistyped switch would be on and stop nothing."""
    value = storable_text(change.value.strip())
    if not value:  # stored, it could be read by nobody, and unreadable switches stop everything
        raise InvalidInput("value", got=repr(change.value), expected="something beside white space")
    if change.dimension is KillSwitchDimension.TENANT and value != tenant_id:
        raise InvalidInput(
            "value", got=value, expected=f"{tenant_id}, the tenant of your token: a tenant's switch covers itself"
        )
    if change.dimension is KillSwitchDimension.TECHNIQUE:
        value = value.upper()
        if value not in techniques():
            raise InvalidInput("value", got=value, expected="the id of an ATT&CK or ATLAS technique, such as T1059")
    return value


async def _record(
    connection: Connection, event_type: AuditEventType, change: KillSwitchChange, value: str, by: Identity
) -> None:
    context = {"dimension": change.dimension, "value": value, "reason": change.reason}
    await record_change(connection, event_type, context, by)


def _switch(row: dict[str, Any]) -> KillSwitch:
    where = f"kill_switches {row['dimension']}:{row['value']}"
    return KillSwitch.from_stored({**row, "activated_at": row["activated_at"].isoformat()}, where=where)
