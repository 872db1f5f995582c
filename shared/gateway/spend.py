"""SpendGuard: the monthly limit on what models may cost (seed §2, spec/llm §6), shared by every instance.

The worst case is reserved before a call and settled after it. A call whose outcome nobody knows stays in full.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_UP, Decimal
from pathlib import Path
from typing import Self
from uuid import UUID, uuid4

from shared.contracts.routing import ModelTier
from shared.contracts.statistics import Spend
from shared.contracts.tenant import EVERY_TENANT
from shared.settings import SpendSettings
from shared.stores.postgres import Postgres
from shared.stores.statements import statements

SQL = statements(Path(__file__).with_name("spend.sql"))
LEDGER_STEP_USD = Decimal("0.000001")


def current_month() -> date:
    """The first day of the current month in UTC."""
    return datetime.now(UTC).date().replace(day=1)


@dataclass(frozen=True)
class Reservation:
    """What one call may cost at most, already counted against its month."""

    call_id: UUID
    tenant_id: str
    month: date
    amount_usd: Decimal


@dataclass(frozen=True)
class SoftLimitPassed:
    """The month's spending passed the soft limit just now; given out once a month."""

    month: date
    limit_usd: Decimal
    total_usd: Decimal


class SpendGuard:
    """Global limits in USD a month. Raises StoreUnavailable when the ledger is unavailable: then no call is made."""

    def __init__(
        self,
        postgres: Postgres,
        *,
        soft_limit_usd: float,
        hard_limit_usd: float,
        month: Callable[[], date] = current_month,
    ) -> None:
        self._postgres = postgres
        self._soft_limit = Decimal(str(soft_limit_usd))
        self.hard_limit_usd = Decimal(str(hard_limit_usd))
        self._month = month

    @classmethod
    def within(cls, limits: SpendSettings, postgres: Postgres) -> Self:
        """The guard of a deployment's limits."""
        return cls(postgres, soft_limit_usd=limits.soft_limit_usd, hard_limit_usd=limits.hard_limit_usd)

    async def reserve(
        self,
        worst_case_usd: Decimal,
        *,
        tenant_id: str,
        task_type: str,
        tier: ModelTier,
        call_id: UUID | None = None,
    ) -> Reservation | None:
        """Count the worst case of one call; None when the hard limit leaves no room for it.

        ``call_id`` is for a call that another process may have to settle.
        """
        held = Reservation(call_id or uuid4(), tenant_id, self._month(), _rounded(worst_case_usd))
        parameters = {
            "call_id": held.call_id,
            "tenant_id": tenant_id,
            "month": held.month,
            "amount": held.amount_usd,
            "hard_limit": self.hard_limit_usd,
            "task_type": task_type,
            "model_tier": tier.value,
        }
        async with self._postgres.transaction(tenant_id) as connection:
            cursor = await connection.execute(SQL["reserve"], parameters)
            return held if await cursor.fetchone() else None

    async def settle(self, held: Reservation, actual_usd: Decimal) -> SoftLimitPassed | None:
        """Replace the worst case by what the call cost. Repeating it changes nothing."""
        spent = {"tenant_id": held.tenant_id, "call_id": held.call_id, "amount": _rounded(actual_usd)}
        limit = {"month": held.month, "soft_limit": self._soft_limit}
        async with self._postgres.transaction(held.tenant_id) as connection, connection.pipeline():
            await connection.execute(SQL["settle"], spent)
            row = await (await connection.execute(SQL["report_soft_limit"], limit)).fetchone()
        return SoftLimitPassed(held.month, self._soft_limit, row["committed_usd"]) if row else None

    async def settle_call(self, call_id: UUID, tenant_id: str, actual_usd: Decimal) -> SoftLimitPassed | None:
        """The same for a call that this process knows by its id only; one that was never reserved changes nothing."""
        return await self.settle(Reservation(call_id, tenant_id, self._month(), Decimal(0)), actual_usd)

    async def total_usd(self) -> Decimal:
        """What this month has cost, with the worst case of calls under way."""
        async with self._postgres.transaction(EVERY_TENANT) as connection:
            row = await (await connection.execute(SQL["committed"], {"month": self._month()})).fetchone()
        return Decimal(row["committed_usd"]) if row else Decimal(0)

    async def status(self) -> Spend:
        """This month beside its limits. Raises StoreUnavailable."""
        return Spend(
            month=f"{self._month():%Y-%m}",
            spent_usd=float(await self.total_usd()),
            soft_limit_usd=float(self._soft_limit),
            hard_limit_usd=float(self.hard_limit_usd),
        )


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(LEDGER_STEP_USD, rounding=ROUND_UP)
