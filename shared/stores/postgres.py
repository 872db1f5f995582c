"""PostgreSQL: one pool a process, transactions bound to one tenant by row level security.

A URL without a password logs in with an Entra token, fetched anew for each connection.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from shared.errors import InvalidInput, StoreUnavailable
from shared.stores import entra
from shared.stores.entra import EntraToken

Connection = psycopg.AsyncConnection[DictRow]

EVERY_TENANT = "*"  # the scope of relays and sweeps that work for all tenants; policies know it
POOL_SIZE = 10
CONNECT_TIMEOUT_SECONDS = 10
# Where Flexible Server's PgBouncer listens. It hands each transaction to another session, which knows no statement
# that an earlier one prepared.
PGBOUNCER_PORT = "6432"


class Login:
    """What a connection to ``url`` needs besides the URL: a token where it has no password, no prepared statements
    behind PgBouncer.
    """

    def __init__(self, url: str) -> None:
        parts = conninfo_to_dict(url)
        self._token = None if parts.get("password") else EntraToken(entra.POSTGRESQL)
        self._pooled = str(parts.get("port")) == PGBOUNCER_PORT

    async def arguments(self) -> dict[str, Any]:
        """Arguments for psycopg's connect, valid now. Raises StoreUnavailable."""
        password = {} if self._token is None else {"password": await self._token.get()}
        return password | ({"prepare_threshold": None} if self._pooled else {})


class Postgres:
    """A pool that opens on first use. Every transaction names the tenant whose rows it may see."""

    def __init__(self, url: str, *, pool_size: int = POOL_SIZE) -> None:
        self._login = Login(url)
        self._pool = AsyncConnectionPool(
            url,
            connection_class=psycopg.AsyncConnection[DictRow],
            kwargs=self._arguments,
            min_size=1,
            max_size=pool_size,
            timeout=CONNECT_TIMEOUT_SECONDS,
            open=False,
            check=AsyncConnectionPool.check_connection,
        )

    @asynccontextmanager
    async def transaction(self, tenant_id: str) -> AsyncIterator[Connection]:
        """One transaction that sees ``tenant_id``'s rows only. Raises StoreUnavailable, InvalidInput."""
        try:
            await self._pool.open()
            async with self._pool.connection() as connection, connection.transaction():
                await connection.execute("SELECT set_config('aluskort.tenant', %s, true)", (tenant_id,))
                yield connection
        except (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded) as error:
            # Outside data that no column takes, such as a NUL, an endless key or a broken rule: waiting never helps.
            raise InvalidInput(
                "value for PostgreSQL", got=str(error), expected="what the columns and their constraints allow"
            ) from error
        except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as error:
            raise StoreUnavailable("PostgreSQL", error) from error

    async def health(self) -> dict[str, Any]:
        """Server version; raises StoreUnavailable."""
        async with self.transaction(EVERY_TENANT) as connection:
            cursor = await connection.execute("SELECT current_setting('server_version') AS version")
            row = await cursor.fetchone()
        return {"version": row["version"] if row else ""}

    async def close(self) -> None:
        """Close the pool."""
        await self._pool.close()

    async def _arguments(self) -> dict[str, Any]:
        return {"row_factory": dict_row, **await self._login.arguments()}
