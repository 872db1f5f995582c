"""False-positive patterns: which known, approved pattern an alert matches. Values are attackers' text: RE2 only."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from shared.contracts.batch import EntityPattern, FPPattern
from shared.contracts.contract import readable
from shared.contracts.entity import AlertEntities
from shared.contracts.expression import full_match
from shared.contracts.listing import Listed, Listing, listed
from shared.knowledge import pattern_rows
from shared.stores.postgres import Postgres, Query
from shared.stores.statements import statements

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

    def matching(self, tenant_id: str, *, alert_name: str, entities: AlertEntities) -> Query[FPPattern | None]:
        """The most confident pattern in force that fits name and entities, or None."""

        def read(rows: list[dict[str, Any]]) -> FPPattern | None:
            patterns = [pattern for row in rows if (pattern := _read(row["pattern"]))]
            fitting = [pattern for pattern in patterns if fits(pattern, alert_name, entities)]
            return max(fitting, key=lambda pattern: pattern.confidence, default=None)

        keys = [f"{entity.entity_type}:{entity.primary_value.lower()}" for entity in entities.all()]
        values = {"tenant_id": tenant_id, "alert_name": alert_name, "entity_keys": ["", *dict.fromkeys(keys)]}
        return Query(_SQL["patterns_in_force"], values, read)


def is_drifting(pattern: FPPattern) -> bool:
    """Whether a person lately found an attack in what is dismissed under the pattern's rule."""
    return bool(pattern.drifting_until) and datetime.fromisoformat(pattern.drifting_until) > datetime.now(UTC)


@lru_cache(maxsize=10_000)
def _read(stored: str) -> FPPattern | None:
    """A pattern by the text of its row: read once a version of it, and at once anew when it changes anywhere."""
    return next(iter(readable(FPPattern, [json.loads(stored)], where="fp_patterns")), None)


def fits(pattern: FPPattern, alert_name: str, entities: AlertEntities) -> bool:
    """True when the name fits, every entity pattern finds its entity, and every entity of a kind that the pattern names
    is one of those: a second host beside the known one is one that nobody approved. Other kinds may be anything.

    A pattern without entities never fits: a name alone is text that an attacker can choose.
    """
    if not pattern.entity_patterns or not _name_fits(pattern, alert_name):
        return False
    kinds = {wanted.type for wanted in pattern.entity_patterns}
    given = [(entity.entity_type, entity.primary_value) for entity in entities.all() if entity.entity_type in kinds]
    found = [{place for place, one in enumerate(given) if _matches(wanted, *one)} for wanted in pattern.entity_patterns]
    return all(found) and len(set[int]().union(*found)) == len(given)


def _name_fits(pattern: FPPattern, alert_name: str) -> bool:
    if pattern.alert_name_regex:
        return full_match(pattern.alert_name_regex, alert_name)
    return pattern.alert_name.casefold() == alert_name.casefold()


def _matches(wanted: EntityPattern, kind: str, value: str) -> bool:
    return wanted.type == kind and full_match(wanted.value_regex, value)
