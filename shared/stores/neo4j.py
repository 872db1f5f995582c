"""Neo4j: one driver a process, queries with a bound on their time, errors wrapped. No queries of a domain.

After a failure nobody asks again for a while: what can do without the graph goes on at once.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from neo4j import READ_ACCESS, WRITE_ACCESS, AsyncDriver, AsyncGraphDatabase, AsyncSession, Query
from neo4j.exceptions import ClientError, DriverError, Neo4jError

from shared.errors import InvalidInput, StoreUnavailable

CONNECT_SECONDS = 3.0
READ_SECONDS = 2.0  # of one query; a batch of findings waits no longer for what a table can say too
WRITE_SECONDS = 60.0
FAIL_FAST_SECONDS = 30.0


class Neo4j:
    """Connects on first use. ``read_seconds`` is what one query that reads may take."""

    def __init__(self, url: str, *, user: str, password: str, read_seconds: float = READ_SECONDS) -> None:
        self._read_seconds = read_seconds
        auth = (user, password) if password else None
        self._driver: AsyncDriver = AsyncGraphDatabase.driver(
            url,
            auth=auth,
            connection_timeout=CONNECT_SECONDS,
            connection_acquisition_timeout=CONNECT_SECONDS,
            max_transaction_retry_time=0,  # who asks decides about another try
            user_agent="aluskort",
        )
        self._failing_until = 0.0
        self._failure = ""

    async def read(self, query: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The rows of a query, in a session that may not write. Raises StoreUnavailable, InvalidInput."""
        if time.monotonic() < self._failing_until:
            raise StoreUnavailable("Neo4j", self._failure)
        async with self._session(READ_ACCESS) as session:
            result = await session.run(Query(query, timeout=self._read_seconds), dict(parameters))
            return [record.data() async for record in result]

    async def write(self, statements: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """Several statements, one after another. Raises StoreUnavailable, InvalidInput."""
        async with self._session(WRITE_ACCESS) as session:
            for query, parameters in statements:
                result = await session.run(Query(query, timeout=WRITE_SECONDS), dict(parameters))
                await result.consume()

    async def health(self) -> dict[str, Any]:
        """Server version; raises StoreUnavailable."""
        rows = await self.read("CALL dbms.components() YIELD versions RETURN versions[0] AS version", {})
        return {"version": rows[0]["version"] if rows else ""}

    async def close(self) -> None:
        """Close the driver."""
        await self._driver.close()

    @asynccontextmanager
    async def _session(self, access: str) -> AsyncIterator[AsyncSession]:
        try:
            async with self._driver.session(default_access_mode=access) as session:
                yield session
        except ClientError as error:
            if "TransactionTimedOut" in (error.code or "") or "Security" in (error.code or ""):
                raise self._failing(error) from error
            raise InvalidInput("query for Neo4j", got=str(error.message), expected="what the graph allows") from error
        except (Neo4jError, DriverError, OSError) as error:
            raise self._failing(error) from error

    def _failing(self, error: Exception) -> StoreUnavailable:
        self._failure = str(error)[:300]
        self._failing_until = time.monotonic() + FAIL_FAST_SECONDS
        return StoreUnavailable("Neo4j", self._failure)
