"""Kill switches: while one is active, nothing that it covers closes by itself (spec/security-and-audit §10).

The caller must treat a store that cannot be read as an active switch.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from shared.stores.postgres import Postgres
from shared.stores.statements import statements

_SQL = statements(Path(__file__).with_name("kill_switch.sql"))


class KillSwitches:
    """Reads the switches where they are set: PostgreSQL."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def any_active(
        self, tenant_id: str, *, pattern_id: str = "", techniques: Sequence[str] = (), source: str = ""
    ) -> list[str]:
        """Active switches as ``dimension:value``, empty when all is free. Raises StoreUnavailable: take it as active.

        A switch on a technique also covers its sub-techniques (T1059 stops T1059.001).
        """
        asked = [("tenant", tenant_id), ("pattern", pattern_id), ("datasource", source)]
        for technique in techniques:
            asked += [("technique", technique), ("technique", technique.partition(".")[0])]
        parameters = {
            "tenant_id": tenant_id,
            "dimensions": [dimension for dimension, _ in asked],
            "values": [value for _, value in asked],
        }
        async with self._postgres.transaction(tenant_id) as connection:
            rows = await (await connection.execute(_SQL["active"], parameters)).fetchall()
        return [f"{row['dimension']}:{row['value']}" for row in rows]
