"""False-positive patterns: which known, approved pattern an alert matches. Values are attackers' text: RE2 only."""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb

from shared.contracts.batch import EntityPattern, FPPattern
from shared.contracts.contract import readable
from shared.contracts.entity import AlertEntities
from shared.contracts.expression import full_match
from shared.stores.postgres import Postgres, Query
from shared.stores.statements import statements

_SQL = statements(Path(__file__).with_suffix(".sql"))


class FPPatterns:
    """The approved patterns of one tenant; they never apply to another."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def store(self, pattern: FPPattern) -> None:
        """Insert or replace a pattern. The database refuses one in force without two different approvers."""
        values = {
            "pattern_id": pattern.pattern_id,
            "tenant_id": pattern.scope_tenant_id,
            "status": pattern.status,
            "approved_by_1": pattern.approved_by_1,
            "approved_by_2": pattern.approved_by_2,
            "expires_at": datetime.fromisoformat(pattern.expiry_date) if pattern.expiry_date else None,
            "pattern": Jsonb(pattern.model_dump(mode="json")),
        }
        async with self._postgres.transaction(pattern.scope_tenant_id) as connection:
            await connection.execute(_SQL["store_pattern"], values)

    def matching(self, tenant_id: str, *, alert_name: str, entities: AlertEntities) -> Query[FPPattern | None]:
        """The most confident pattern in force that fits name and entities, or None."""

        def read(rows: list[dict[str, Any]]) -> FPPattern | None:
            patterns = [pattern for row in rows if (pattern := _read(row["pattern"]))]
            fitting = [pattern for pattern in patterns if fits(pattern, alert_name, entities)]
            return max(fitting, key=lambda pattern: pattern.confidence, default=None)

        return Query(_SQL["patterns_in_force"], {"tenant_id": tenant_id, "alert_name": alert_name}, read)


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
