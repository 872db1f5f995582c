"""The rows of false-positive patterns while people review them, each in the caller's transaction."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from psycopg.types.json import Jsonb

from shared.contracts.batch import FPPattern
from shared.contracts.contract import readable
from shared.errors import NotFound
from shared.stores.postgres import Connection
from shared.stores.statements import statements

MOST_DRAFTS = 200
DECAY = 0.9  # one contradiction takes a new pattern below what closes an alert

_SQL = statements(Path(__file__).with_suffix(".sql"))


async def add_draft(connection: Connection, draft: FPPattern) -> bool:
    """Store a draft; False when its id is known."""
    values = {
        "pattern_id": draft.pattern_id,
        "tenant_id": draft.scope_tenant_id,
        "status": draft.status,
        "pattern": Jsonb(draft.model_dump(mode="json")),
    }
    return (await connection.execute(_SQL["add_draft"], values)).rowcount == 1


async def lock(connection: Connection, tenant_id: str, pattern_id: str) -> FPPattern:
    """One pattern, locked until the transaction ends. Raises NotFound."""
    values = {"tenant_id": tenant_id, "pattern_id": pattern_id}
    row = await (await connection.execute(_SQL["lock"], values)).fetchone()
    if row is None:
        raise NotFound(f"this tenant has no pattern {pattern_id!r}")
    return FPPattern.from_stored(row["pattern"], where=f"fp_patterns {pattern_id}")


async def change(connection: Connection, pattern: FPPattern) -> None:
    """Replace a pattern. The database refuses one in force without two different approvers."""
    values = {
        "pattern_id": pattern.pattern_id,
        "tenant_id": pattern.scope_tenant_id,
        "pattern_status": pattern.status,
        "approved_by_1": pattern.approved_by_1,
        "approved_by_2": pattern.approved_by_2,
        "expires_at": datetime.fromisoformat(pattern.expiry_date) if pattern.expiry_date else None,
        "pattern": Jsonb(pattern.model_dump(mode="json")),
    }
    await connection.execute(_SQL["change"], values)


async def to_review(connection: Connection, tenant_id: str) -> list[FPPattern]:
    """Drafts that wait for people, the oldest first."""
    values = {"tenant_id": tenant_id, "limit": MOST_DRAFTS}
    rows = await (await connection.execute(_SQL["to_review"], values)).fetchall()
    return readable(FPPattern, [row["pattern"] for row in rows], where="fp_patterns")


async def contradict(connection: Connection, tenant_id: str, pattern_id: str) -> None:
    """A person found an attack in what the pattern explains: from now on it is trusted less."""
    values = {"tenant_id": tenant_id, "pattern_id": pattern_id, "factor": DECAY}
    await connection.execute(_SQL["contradict"], values)
