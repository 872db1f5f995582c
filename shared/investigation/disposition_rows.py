"""The rows of dispositions: never changed, so a case keeps everything that people made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shared.audit.uuid7 import uuid7
from shared.contracts.approval import Approval
from shared.contracts.disposition import Disposition, DispositionRequest
from shared.contracts.outside_text import storable_text
from shared.stores.postgres import Connection
from shared.stores.statements import statements

_SQL = statements(Path(__file__).with_suffix(".sql"))


async def record(  # noqa: PLR0913 - the columns of one row
    connection: Connection,
    request: DispositionRequest,
    *,
    tenant_id: str,
    investigation_id: str,
    approval_id: str = "",
    decided_by: str,
) -> Disposition:
    """Store what a person said."""
    values = {
        "disposition_id": str(uuid7()),
        "investigation_id": investigation_id,
        "approval_id": approval_id,
        "disposition": request.disposition,
        "reason": request.reason,
        "comment": storable_text(request.comment),
        "decided_by": decided_by,
    }
    row = await (await connection.execute(_SQL["record"], {"tenant_id": tenant_id, **values})).fetchone()
    return _disposition({**values, **(row or {})})


async def of_approval(connection: Connection, approval: Approval) -> Disposition:
    """The disposition that answered this request, whose status says that there is one."""
    values = {name: getattr(approval, name) for name in ("tenant_id", "investigation_id", "approval_id")}
    row = await (await connection.execute(_SQL["of_approval"], values)).fetchone()
    return _disposition(row or {})


def _disposition(row: dict[str, Any]) -> Disposition:
    times = {"decided_at": row["decided_at"].isoformat()} if row else {}
    return Disposition.from_stored({**row, **times}, where=f"dispositions {row.get('disposition_id', '')}")
