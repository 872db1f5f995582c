"""What a rule asks with: the caller's transaction and everything that its statements bind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, LiteralString

from psycopg.rows import DictRow

from shared.detection.finding import Limits
from shared.stores.postgres import Connection


@dataclass(frozen=True)
class Question:
    """``bound`` has the tenant, the window and the thresholds by the names that statements use."""

    connection: Connection
    bound: Mapping[str, Any]

    @property
    def limits(self) -> Limits:
        """The thresholds in force."""
        return self.bound

    async def rows(self, statement: LiteralString) -> list[DictRow]:
        """What the statement finds. Raises psycopg's errors, which the transaction translates."""
        return await (await self.connection.execute(statement, self.bound)).fetchall()
