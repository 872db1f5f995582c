"""False-positive patterns: which known, approved pattern an alert matches. Values are attackers' text: RE2 only."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from shared.bus.outbox import OutboxMessage, put
from shared.contracts.batch import EntityPattern, FPPattern
from shared.contracts.contract import readable
from shared.contracts.entity import AlertEntities
from shared.contracts.expression import full_match
from shared.contracts.listing import Listed, Listing, listed
from shared.errors import Conflict, NotFound
from shared.knowledge import pattern_rows
from shared.stores.postgres import Postgres, Query
from shared.stores.statements import statements

Change = Callable[[FPPattern, Sequence[OutboxMessage]], Awaitable[None]]

_SQL = statements(Path(__file__).with_suffix(".sql"))


class FPPatterns:
    """The approved patterns of one tenant; they never apply to another."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def store(self, pattern: FPPattern) -> None:
        """Insert or replace a pattern. The database refuses one in force without two different approvers."""
        async with self._postgres.transaction(pattern.scope_tenant_id) as connection:
            await connection.execute(_SQL["store_pattern"], pattern_rows.values_of(pattern))

    async def listed(self, tenant_id: str, listing: Listing) -> Listed[FPPattern]:
        """The tenant's patterns by their ids, in whatever status. Raises StoreUnavailable."""
        (after,) = listing.after or (None,)
        values = {"tenant_id": tenant_id, "row_id": after, "limit": listing.look_ahead}
        async with self._postgres.transaction(tenant_id) as connection:
            rows = await (await connection.execute(_SQL["list_patterns"], values)).fetchall()
        part = listed(rows, listing, lambda row: (row["pattern_id"],))
        return Listed(readable(FPPattern, [row["pattern"] for row in part.rows], where="fp_patterns"), part.last)

    async def read(self, tenant_id: str, pattern_id: str) -> FPPattern:
        """One pattern. Raises NotFound, StoreUnavailable."""
        async with self._postgres.transaction(tenant_id) as connection:
            return await pattern_rows.read(connection, tenant_id, pattern_id, lock=False)

    @asynccontextmanager
    async def changing(self, tenant_id: str, pattern_id: str) -> AsyncIterator[tuple[FPPattern | None, Change]]:
        """The pattern as it stands, locked, and how to replace it; all of it is one transaction.

        Raises Conflict from the change when another tenant has the id, StoreUnavailable.
        """
        async with self._postgres.transaction(tenant_id) as connection:
            try:
                before = await pattern_rows.read(connection, tenant_id, pattern_id, lock=True)
            except NotFound:
                before = None

            async def change(after: FPPattern, messages: Sequence[OutboxMessage]) -> None:
                if before:
                    await pattern_rows.change(connection, after)
                elif not await pattern_rows.add(connection, after):
                    raise Conflict(f"the pattern id {pattern_id!r} is taken; choose another one")
                await put(connection, tenant_id, pattern_id, messages)

            yield before, change

    def matching(self, tenant_id: str, *, alert_name: str, entities: AlertEntities) -> Query[FPPattern | None]:
        """The most confident pattern in force that fits name and entities, or None."""

        def read(rows: list[dict[str, Any]]) -> FPPattern | None:
            patterns = [pattern for row in rows if (pattern := _read(row["pattern"]))]
            fitting = [pattern for pattern in patterns if fits(pattern, alert_name, entities)]
            return max(fitting, key=lambda pattern: pattern.confidence, default=None)

        return Query(_SQL["patterns_in_force"], {"tenant_id": tenant_id, "alert_name": alert_name}, read)


def is_drifting(pattern: FPPattern) -> bool:
    """Whether a person lately found an attack in what is dismissed under the pattern's rule."""
    return bool(pattern.drifting_until) and datetime.fromisoformat(pattern.drifting_until) > datetime.now(UTC)


@lru_cache(maxsize=10_000)
def _read(stored: str) -> FPPattern | None:
    """A pattern by the text of its row: read once a version of it, and at once anew when it changes anywhere."""
    return next(iter(readable(FPPattern, [json.loads(stored)], where="fp_patterns")), None)


def fits(pattern: FPPattern, alert_name: str, entities: AlertEntities) -> bool:
    """True when the name fits and every entity pattern finds its entity. A pattern without entities never fits:
    a name alone is text that an attacker can choose."""
    if not pattern.entity_patterns or not _name_fits(pattern, alert_name):
        return False
    return all(_finds(wanted, entities) for wanted in pattern.entity_patterns)


def _name_fits(pattern: FPPattern, alert_name: str) -> bool:
    if pattern.alert_name_regex:
        return full_match(pattern.alert_name_regex, alert_name)
    return pattern.alert_name.casefold() == alert_name.casefold()


def _finds(wanted: EntityPattern, entities: AlertEntities) -> bool:
    values = (entity.primary_value for entity in entities.all() if entity.entity_type == wanted.type)
    return any(full_match(wanted.value_regex, value) for value in values)
