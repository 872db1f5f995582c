"""Kill switches: while one is active, nothing that it covers closes by itself (spec/security-and-audit §10).

The caller must treat a store that cannot be read as an active switch.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from shared.stores.postgres import Query
from shared.stores.statements import statements

_SQL = statements(Path(__file__).with_name("kill_switch.sql"))


def active_switches(tenant_id: str, *, techniques: Sequence[str] = (), source: str = "") -> Query[list[str]]:
    """Active switches as ``dimension:value``: on the tenant, the source, the techniques, and on every pattern.

    A switch on a technique also covers its sub-techniques (T1059 stops T1059.001).
    """
    asked = [("tenant", tenant_id), ("datasource", source)]
    for technique in techniques:
        asked += [("technique", technique), ("technique", technique.partition(".")[0])]
    values = {
        "tenant_id": tenant_id,
        "dimensions": [dimension for dimension, _ in asked],
        "values": [value for _, value in asked],
    }
    return Query(_SQL["active"], values, lambda rows: [f"{row['dimension']}:{row['value']}" for row in rows])
