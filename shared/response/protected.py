"""Targets that no default grant holds: by what the asset inventory says of them, and by a person's own list.

Protection errs on the safe side: names are compared without their domain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from shared.audit.event import audit_event
from shared.audit.producer import audit_message
from shared.bus.outbox import Outbox, put
from shared.contracts.action import Action
from shared.contracts.audit import ActorType
from shared.contracts.audit_event_type import AuditEventType
from shared.contracts.contract import Contract
from shared.contracts.listing import Listed, Listing, listed
from shared.contracts.outside_text import storable_text
from shared.errors import NotFound
from shared.response.assets import AssetFacts, Kind, assets_of, possible_keys, short_name
from shared.stores.postgres import Connection, Postgres
from shared.stores.statements import statements

# Roles and tags, in lower case and with _ between words: why they protect.
PROTECTING: Mapping[str, str] = MappingProxyType(
    {
        "domain_controller": "it is a domain controller",
        "break_glass": "it is a break-glass account",
        "plant": "it is plant equipment",
        "plc": "it is plant equipment",
        "safety": "it is safety equipment",
        "executive": "it belongs to an executive",
        "protected": "the asset list marks it as protected",
    }
)

_SQL = statements(Path(__file__).with_suffix(".sql"))


class ProtectedAsset(Contract):
    """One line of a person's list."""

    entity_type: Kind
    entity_name: str
    reason: str
    protected_by: str
    protected_at: datetime


class ProtectedAssets:
    """A person's list. Each change is audited as `config.changed`."""

    def __init__(self, postgres: Postgres, outbox: Outbox) -> None:
        self._postgres = postgres
        self._outbox = outbox

    async def listed(self, tenant_id: str, listing: Listing) -> Listed[ProtectedAsset]:
        """The list by name; the key of a row is its short name and its kind. Raises StoreUnavailable."""
        name, kind = listing.after or (None, None)
        values = {"tenant_id": tenant_id, "row_id": name, "place": kind, "limit": listing.look_ahead}
        async with self._postgres.transaction(tenant_id) as connection:
            rows = await (await connection.execute(_SQL["list_protected"], values)).fetchall()
        part = listed(rows, listing, lambda row: (row["name_key"], row["entity_type"]))
        return Listed([ProtectedAsset.from_stored(row, where="protected_assets") for row in part.rows], part.last)

    async def add(  # noqa: PLR0913
        self, tenant_id: str, kind: Kind, name: str, reason: str, *, by: str, permissions: list[str]
    ) -> None:
        """Protect an asset, or change why. Raises StoreUnavailable."""
        change = {"reason": storable_text(reason), "protected_by": by}
        await self._change("protect", tenant_id, kind, name, change, permissions)

    async def remove(self, tenant_id: str, kind: Kind, name: str, *, by: str, permissions: list[str]) -> None:
        """Protect it no longer. Raises NotFound, StoreUnavailable."""
        await self._change("unprotect", tenant_id, kind, name, {"protected_by": by}, permissions)

    async def _change(  # noqa: PLR0913, PLR0917 - who changed what, and by which right
        self, statement: str, tenant_id: str, kind: Kind, name: str, change: Mapping[str, str], permissions: list[str]
    ) -> None:
        key = {"tenant_id": tenant_id, "entity_type": kind, "name_key": storable_text(short_name(kind, name))}
        event = audit_event(
            tenant_id=tenant_id,
            event_type=AuditEventType.CONFIG_CHANGED,
            actor_type=ActorType.HUMAN,
            actor_id=change["protected_by"],
            actor_permissions=permissions,
            context={"setting": "protected_assets", "change": statement, "entity_type": kind, "name": name, **change},
            outcome={"outcome_status": "success"},
            source_service="api",
        )
        async with self._postgres.transaction(tenant_id) as connection:
            cursor = await connection.execute(_SQL[statement], {**key, **change, "entity_name": storable_text(name)})
            if cursor.rowcount == 0:
                raise NotFound(f"{kind} {name} is not on this tenant's list of protected assets")
            await put(connection, tenant_id, "", [audit_message(event)])
        self._outbox.notify()

    async def of(self, tenant_id: str, actions: Sequence[Action]) -> Mapping[str, str]:
        """Which targets of the actions are protected, and why. Raises StoreUnavailable."""
        async with self._postgres.transaction(tenant_id) as connection:
            return await protected_targets(connection, tenant_id, [action.target for action in actions])


async def protected_targets(connection: Connection, tenant_id: str, targets: Sequence[str]) -> dict[str, str]:
    """Which of the targets are protected, and why. Raises StoreUnavailable."""
    keys = {target: possible_keys(target) for target in targets}
    values = {"tenant_id": tenant_id, "keys": sorted({key for found in keys.values() for key in found})}
    rows = await (await connection.execute(_SQL["protected_by_key"], values)).fetchall()
    named = {row["name_key"]: f"{row['protected_by']} protects it: {row['reason']}" for row in rows}
    known = await assets_of(connection, tenant_id, targets)
    reasons = {}
    for target, found in keys.items():
        by_person = next((named[key] for key in sorted(found) if key in named), "")
        by_facts = next((reason for facts in known[target] if (reason := _why(facts))), "")
        if by_person or by_facts:
            reasons[target] = by_person or by_facts
    return reasons


def _why(facts: AssetFacts) -> str:
    words = (word.casefold().replace("-", "_").replace(" ", "_") for word in (facts.role, *facts.tags))
    return next((PROTECTING[word] for word in words if word in PROTECTING), "")
