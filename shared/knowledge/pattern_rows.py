"""The rows of false-positive patterns that people load, review and revoke, each in the caller's transaction."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb

from shared.contracts.batch import FPPattern
from shared.contracts.contract import readable
from shared.contracts.expression import full_match
from shared.contracts.outside_text import storable_text
from shared.errors import NotFound
from shared.stores.postgres import Connection
from shared.stores.statements import statements

MOST_DRAFTS = 200
DRIFT = timedelta(days=7)  # after a true positive among what a rule dismissed
DECAY = 0.9  # one contradiction takes a new pattern below what closes an alert

_SQL = statements(Path(__file__).with_suffix(".sql"))


def values_of(pattern: FPPattern) -> dict[str, Any]:
    """The columns of a pattern."""
    return {
        "pattern_id": pattern.pattern_id,
        "tenant_id": pattern.scope_tenant_id,
        "pattern_status": pattern.status,
        "approved_by_1": pattern.approved_by_1,
        "approved_by_2": pattern.approved_by_2,
        "expires_at": datetime.fromisoformat(pattern.expiry_date) if pattern.expiry_date else None,
        "pattern": Jsonb(pattern.model_dump(mode="json")),
    }


async def read(connection: Connection, tenant_id: str, pattern_id: str, *, lock: bool) -> FPPattern:
    """One pattern; ``lock``: until the transaction ends. Raises NotFound."""
    values = {"tenant_id": tenant_id, "pattern_id": pattern_id}
    row = await (await connection.execute(_SQL["lock" if lock else "read"], values)).fetchone()
    if row is None:
        raise NotFound(f"this tenant has no pattern {pattern_id!r}")
    return FPPattern.from_stored(row["pattern"], where=f"fp_patterns {pattern_id}")


async def add(connection: Connection, pattern: FPPattern) -> bool:
    """Store a new pattern; False when its id is known, be it another tenant's."""
    return (await connection.execute(_SQL["add"], values_of(pattern))).rowcount == 1


async def change(connection: Connection, pattern: FPPattern) -> None:
    """Replace a pattern. The database refuses one in force without two different approvers."""
    await connection.execute(_SQL["change"], values_of(pattern))


async def to_review(connection: Connection, tenant_id: str) -> list[FPPattern]:
    """Drafts that wait for people, the oldest first."""
    values = {"tenant_id": tenant_id, "limit": MOST_DRAFTS}
    rows = await (await connection.execute(_SQL["to_review"], values)).fetchall()
    return readable(FPPattern, [row["pattern"] for row in rows], where="fp_patterns")


async def contradict(connection: Connection, tenant_id: str, pattern_id: str) -> None:
    """A person found an attack in what the pattern explains: from now on it is trusted less."""
    values = {"tenant_id": tenant_id, "pattern_id": pattern_id, "factor": DECAY}
    await connection.execute(_SQL["contradict"], values)


async def drift(connection: Connection, tenant_id: str, rule: str) -> None:
    """A person found an attack in what a rule dismissed: for a while its patterns close only what is surer."""
    values = {"tenant_id": tenant_id, "rule": storable_text(rule)}
    rows = await (await connection.execute(_SQL["in_force_of_rule"], values)).fetchall()
    its = [row["pattern_id"] for row in rows if not row["expression"] or full_match(row["expression"], rule)]
    await connection.execute(_SQL["drift"], {"tenant_id": tenant_id, "pattern_ids": its, "time": DRIFT})
