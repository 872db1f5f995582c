"""Shadow mode: a tenant's cases, or those of one rule, are judged and logged while people decide all of them.

A change and its audit event are one transaction; the steps of investigations read the same table.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shared.access.changes import record_change
from shared.access.identity import Identity
from shared.bus.outbox import Outbox
from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.outside_text import storable_text
from shared.contracts.shadow_mode import ShadowMode, ShadowModeChange
from shared.errors import NotFound
from shared.stores.postgres import Connection, Postgres, Query
from shared.stores.statements import statements

WHOLE_TENANT = "the tenant"

_SQL = statements(Path(__file__).with_suffix(".sql"))


class ShadowModes:
    """Each method raises StoreUnavailable."""

    def __init__(self, postgres: Postgres, outbox: Outbox) -> None:
        self._postgres = postgres
        self._outbox = outbox

    async def listed(self, tenant_id: str) -> list[ShadowMode]:
        """What is in shadow mode, the whole tenant first."""
        async with self._postgres.transaction(tenant_id) as connection:
            rows = await (await connection.execute(_SQL["list"], {"tenant_id": tenant_id})).fetchall()
        return [_shadow_mode(row) for row in rows]

    async def enter(self, change: ShadowModeChange, by: Identity) -> None:
        """From the next step of each covered case on people decide; what was in shadow mode already stays so."""
        values = {**_named(change, by), "reason": storable_text(change.reason), "set_by": by.subject}
        async with self._postgres.transaction(by.tenant_id) as connection:
            if (await connection.execute(_SQL["enter"], values)).rowcount:
                await _record(connection, AuditEventType.CONFIG_CHANGED, "entered", change, by)
        self._outbox.notify()

    async def leave(self, change: ShadowModeChange, by: Identity) -> None:
        """Go live: what code confirms closes and acts again. Raises NotFound when it was not in shadow mode."""
        async with self._postgres.transaction(by.tenant_id) as connection:
            if (await connection.execute(_SQL["leave"], _named(change, by))).rowcount == 0:
                what = f"rule {change.rule}" if change.rule else WHOLE_TENANT
                raise NotFound(f"{what} is not in shadow mode; nothing was changed")
            await _record(connection, AuditEventType.SHADOW_GO_LIVE_APPROVED, "left", change, by)
        self._outbox.notify()


def shadow_covering(tenant_id: str, rule: str) -> Query[str]:
    """What is in shadow mode and covers an alert of this rule, as a person reads it; empty when nothing is."""

    def read(rows: list[dict[str, Any]]) -> str:
        return "" if not rows else f"rule {rows[0]['rule']}" if rows[0]["rule"] else WHOLE_TENANT

    return Query(_SQL["in_shadow"], {"tenant_id": tenant_id, "rule_key": _key(rule)}, read)


def _key(rule: str) -> str:
    return storable_text(rule.strip()).lower()


def _named(change: ShadowModeChange, by: Identity) -> dict[str, Any]:
    return {"tenant_id": by.tenant_id, "rule_key": _key(change.rule), "rule": storable_text(change.rule.strip())}


async def _record(
    connection: Connection, event_type: AuditEventType, what: str, change: ShadowModeChange, by: Identity
) -> None:
    context = {"setting": "shadow_mode", "change": what, "rule": change.rule, "reason": change.reason}
    await record_change(connection, event_type, context, by)


def _shadow_mode(row: dict[str, Any]) -> ShadowMode:
    where = f"shadow_modes {row['rule'] or WHOLE_TENANT}"
    return ShadowMode.from_stored({**row, "set_at": row["set_at"].isoformat()}, where=where)
