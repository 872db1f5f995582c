"""What timers do about approvals: wake cases whose answer nobody heard, and notify people of what waits for them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from shared.contracts.tenant import EVERY_TENANT, SYNTHETIC_TENANT
from shared.investigation.approval_rows import waiting_case
from shared.investigation.approvals import Approvals
from shared.notifications.notice import OF_APPROVALS, Notice, NoticeKind, hosts_of
from shared.notifications.queue import Notifications
from shared.stores.postgres import Postgres
from shared.stores.statements import statements
from shared.telemetry import LogAction, log_fields

MOST_REPORTED = 100
MOST_NOTICES = 20  # in one run and of each kind

logger = logging.getLogger(__name__)

_SQL = statements(Path(__file__).with_suffix(".sql"))


class ApprovalWatch:
    """Looks after every tenant's approvals. Each method raises StoreUnavailable."""

    def __init__(self, postgres: Postgres, approvals: Approvals, notifications: Notifications) -> None:
        self._postgres = postgres
        self._approvals = approvals
        self._notifications = notifications

    async def wake_decided(self) -> int:
        """Wake investigations whose answer was recorded but whose event was lost, and those whose time was over and
        that did not notice; returns how many were woken.
        """
        rows = [*await self._rows("decided_but_waiting"), *await self._rows("overdue")]
        return sum([await self._approvals.wake(waiting_case(row)) for row in rows])

    async def report_waiting(self) -> int:
        """Log each approval with a quarter of its time left, once; returns how many."""
        rows = await self._rows("waiting_long", limit=MOST_REPORTED, nobodys=SYNTHETIC_TENANT)
        for row in rows:
            waited = round(float(row["waited_seconds"]))
            logger.warning(
                "Approval %s of tenant %s has waited for %d minutes and expires into denial at %s",
                row["approval_id"],
                row["tenant_id"],
                waited // 60,
                row["expires_at"].isoformat(),
                extra=log_fields(LogAction.APPROVAL_WAITING, waited_seconds=waited, tenant_id=row["tenant_id"]),
            )
        return len(rows)

    async def put_notices(self) -> int:
        """Leave messages about what people have not been notified of yet, in the transaction that notes that they were;
        returns how many.
        """
        if not self._notifications.wanted:
            return 0
        count = 0
        for kind in OF_APPROVALS:
            values = {"kind": kind, "limit": MOST_NOTICES, "nobodys": SYNTHETIC_TENANT}
            async with self._postgres.transaction(EVERY_TENANT) as connection:
                rows = await (await connection.execute(_SQL["to_notify"], values)).fetchall()
                for row in rows:
                    await self._notifications.put(connection, _notice(kind, row))
            count += len(rows)
        return count

    async def _rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        async with self._postgres.transaction(EVERY_TENANT) as connection:
            return await (await connection.execute(_SQL[statement], values)).fetchall()


def _notice(kind: NoticeKind, row: dict[str, Any]) -> Notice:
    return Notice(
        kind=kind,
        tenant_id=row["tenant_id"],
        investigation_id=row["investigation_id"],
        approval_id=row["approval_id"],
        severity=row["severity"] or "unknown",
        actions=[action["action"] for action in row["actions"]],
        hosts=hosts_of(row["actions"]),
        expires_at=row["expires_at"].isoformat(),
    )
