"""PostgreSQL: one pool a process, transactions bound to one tenant by row level security.

A URL without a password logs in with an Entra token, fetched anew for each connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from shared.contracts.tenant import NO_TENANT
from shared.errors import InvalidInput, StoreSlow, StoreUnavailable
from shared.stores import entra
from shared.stores.connection import Connection, Result, Statement
from shared.stores.entra import EntraToken

__all__ = ["Connection", "Cursor", "Login", "Postgres", "Query", "Result", "Statement"]

Cursor = psycopg.AsyncCursor[DictRow]


@dataclass(frozen=True, slots=True)
class Query[T]:
    """A statement that reads, and what its rows say: its domain makes it, whoever asks sends it with others."""

    text: str
    values: Mapping[str, Any]
    read: Callable[[list[DictRow]], T]


POOL_SIZE = 10
CONNECT_TIMEOUT_SECONDS = 10
# A peer that vanished is noticed by the kernel, not only by the next user of the connection.
SOCKET_BOUNDS = {
    "connect_timeout": CONNECT_TIMEOUT_SECONDS,
    "keepalives_idle": 30,  # seconds
    "keepalives_interval": 10,  # seconds
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds until data that nobody acknowledges ends the connection
}
# Set in each transaction and not at connecting: PgBouncer refuses most options of a new connection.
STATEMENT_SECONDS = 30
LOCK_SECONDS = 10
IDLE_SECONDS = 60  # a transaction whose owner hangs must not hold its locks for ever
# Where Flexible Server's PgBouncer listens. It hands each transaction to another session, which knows no statement
# that an earlier one prepared.
PGBOUNCER_PORT = "6432"


# A plan for the average tenant, which PostgreSQL would settle for after some calls, reads far too much for a large one.
BEGIN: Statement = "BEGIN", {}
COMMIT: Statement = "COMMIT", {}
_SCOPE = """
SELECT set_config('aluskort.tenant', %(tenant)s, true),
    set_config('statement_timeout', %(statement)s, true),
    set_config('lock_timeout', %(lock)s, true),
    set_config('idle_in_transaction_session_timeout', %(idle)s, true),
    set_config('plan_cache_mode', 'force_custom_plan', true)
"""


def _bounds() -> dict[str, str]:
    seconds = {"statement": STATEMENT_SECONDS, "lock": LOCK_SECONDS, "idle": IDLE_SECONDS}
    return {name: f"{round(1_000 * value)}ms" for name, value in seconds.items()}


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


@dataclass(frozen=True, slots=True)
class _Unit:
    """A unit of work under way: its pool, its tenant, the one task that it belongs to, and its connection."""

    postgres: Postgres
    tenant_id: str
    task: asyncio.Task[Any] | None
    connection: Connection


_unit: ContextVar[_Unit | None] = ContextVar("unit_of_work", default=None)


class Postgres:
    """A pool that opens on first use. Every transaction names the tenant whose rows it may see.

    A pool is a bulkhead: one class of work, such as steps or the API, waits for its own connections only. ``name``
    says which in errors; ``wait_seconds`` is how long one waits for a connection before it fails.
    """

    def __init__(
        self, url: str, *, name: str = "steps", pool_size: int = POOL_SIZE, wait_seconds: float | None = None
    ) -> None:
        self._name = name
        self._wait_seconds = CONNECT_TIMEOUT_SECONDS if wait_seconds is None else wait_seconds
        self._size = pool_size
        self._in_use = 0
        self._login = Login(url)
        self._pool = AsyncConnectionPool(
            url,
            connection_class=Connection,
            kwargs=self._arguments,
            min_size=1,
            max_size=pool_size,
            timeout=self._wait_seconds,
            open=False,
        )

    @asynccontextmanager
    async def transaction(self, tenant_id: str) -> AsyncIterator[Connection]:
        """One transaction that sees ``tenant_id``'s rows only; within :meth:`unit_of_work` a part of that one.

        Call no other service in it: its connection and its locks are everybody's.

        Raises StoreUnavailable, InvalidInput.
        """
        async with self._our_errors():
            if unit := self._own_unit(tenant_id):
                yield unit.connection
            else:
                async with self._connection(tenant_id) as (connection, _):
                    yield connection

    async def together(self, tenant_id: str, *statements: Statement, ends: bool = False) -> list[Result]:
        """One transaction of these statements in one round trip, or a part of a :meth:`unit_of_work`, which it may end;
        their results. What comes behind the end of a unit is a transaction of its own.

        When the connection was lost all are sent once more, so let them change nothing the second time. Raises as
        :meth:`transaction` does.
        """
        async with self._our_errors():
            if unit := self._own_unit(tenant_id):
                return await unit.connection.together((*statements, COMMIT) if ends else statements)
            async with self._connection(tenant_id, *statements, whole=True) as (_, results):
                return results

    async def read(self, tenant_id: str, *queries: Query[Any]) -> list[Any]:
        """What each query says, in one round trip. Raises as :meth:`transaction` does."""
        results = await self.together(tenant_id, *((query.text, query.values) for query in queries))
        return [query.read(result.rows) for query, result in zip(queries, results, strict=True)]

    @asynccontextmanager
    async def unit_of_work(self, tenant_id: str, *first: Statement) -> AsyncIterator[list[Result]]:
        """Make the transactions that this task opens inside, for the same tenant or for none, one transaction.

        It begins with the statements ``first``, in the same round trip, and gives their results. An error that leaves
        it undoes them all, so let none of them pass within it. Raises as they do.
        """
        async with self._our_errors(), self._connection(tenant_id, *first) as (connection, results):
            token = _unit.set(_Unit(self, tenant_id, asyncio.current_task(), connection))
            try:
                yield results
            finally:
                _unit.reset(token)

    @property
    def in_unit_of_work(self) -> bool:
        """Whether this task is in one."""
        unit = _unit.get()
        if unit is None or unit.postgres is not self or unit.task is not asyncio.current_task():
            return False
        return unit.connection.info.transaction_status is not TransactionStatus.IDLE  # else it has ended

    def _own_unit(self, tenant_id: str) -> _Unit | None:
        """The unit of work that this task is in, if it is one of this pool."""
        unit = _unit.get()
        if unit is None or not self.in_unit_of_work:
            return None
        if tenant_id not in {unit.tenant_id, NO_TENANT}:  # a second connection could starve the pool
            raise RuntimeError(f"a unit of work for tenant {unit.tenant_id} asks for rows of {tenant_id}")
        return unit

    @asynccontextmanager
    async def _connection(
        self, tenant_id: str, *first: Statement, whole: bool = False
    ) -> AsyncIterator[tuple[Connection, list[Result]]]:
        """A transaction that begins with ``first``; ``whole``: and ends with them."""
        await self._pool.open()
        connection, results = await self._begun(tenant_id, *first, whole=whole)
        self._in_use += 1
        try:
            async with connection:
                yield connection, results
        finally:
            self._in_use -= 1
            await self._pool.putconn(connection)

    async def _begun(self, tenant_id: str, *first: Statement, whole: bool) -> tuple[Connection, list[Result]]:
        """A connection in a transaction. One that was lost while it lay in the pool shows here, where nothing is done
        yet: the next is taken, as long as there can be more of the kind.
        """
        may_be_lost = self._size
        while True:
            connection = await self._pool.getconn()
            try:
                scope = (_SCOPE, {"tenant": tenant_id, **_bounds()})
                begin = (scope,) if whole else (BEGIN, scope)
                results = await connection.together((*begin, *first))
            except BaseException as error:
                try:
                    if isinstance(error, psycopg.Error) and not connection.closed:
                        await connection.rollback()
                finally:  # also when it is cancelled or lost in the rollback: nobody else knows of it
                    await self._pool.putconn(connection)
                if not (isinstance(error, psycopg.OperationalError) and connection.closed and may_be_lost):
                    raise
                may_be_lost -= 1
            else:
                return connection, results[len(begin) :]

    @asynccontextmanager
    async def _our_errors(self) -> AsyncIterator[None]:
        try:
            yield
        except (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded) as error:
            # Outside data that no column takes, such as a NUL, an endless key or a broken rule: waiting never helps.
            raise InvalidInput(
                "value for PostgreSQL", got=str(error), expected="what the columns and their constraints allow"
            ) from error
        except PoolTimeout as error:
            raise self._no_connection() from error
        except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable) as error:
            raise StoreSlow("PostgreSQL", error) from error
        except (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.InFailedSqlTransaction) as error:
            raise StoreUnavailable("PostgreSQL", error) from error

    async def health(self) -> dict[str, Any]:
        """Server version; raises StoreUnavailable."""
        async with self.transaction(NO_TENANT) as connection:
            cursor = await connection.execute("SELECT current_setting('server_version') AS version")
            row = await cursor.fetchone()
        return {"version": row["version"] if row else ""}

    async def close(self) -> None:
        """Close the pool."""
        await self._pool.close()

    def _no_connection(self) -> StoreUnavailable:
        """Whether the server gave no connection, or all that it gave are at work."""
        waited = f"for {self._wait_seconds:g} s"
        if self._in_use >= self._size:
            return StoreSlow("PostgreSQL", f"all {self._size} connections for {self._name} were in use {waited}")
        return StoreUnavailable("PostgreSQL", f"it gave no connection {waited}")

    async def _arguments(self) -> dict[str, Any]:
        return {"row_factory": dict_row, **SOCKET_BOUNDS, **await self._login.arguments()}
