"""A connection that sends the statements of a transaction in one message and reads their results in one answer.

psycopg's pipeline hands each statement to the kernel by itself, which wakes the server and the event loop every time.
Here libpq's pipeline is filled first and sent once. The server binds the values, as it does for :meth:`execute`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import abc, errors
from psycopg.adapt import PyFormat, Transformer
from psycopg.generators import fetch_many, send
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.rows import DictRow

Statement = tuple[str, Mapping[str, Any]]  # SQL and its values

_PLACEHOLDER = re.compile(r"%(?:\((\w+)\)s|%)")


@dataclass(frozen=True, slots=True)
class Result:
    """What a statement gave: its rows, and how many it read or changed."""

    rows: list[DictRow]
    count: int


class Connection(psycopg.AsyncConnection[DictRow]):
    """psycopg's, for one more way to execute."""

    async def together(self, statements: Sequence[Statement]) -> list[Result]:
        """Their results. Without a BEGIN among them, and outside a transaction, they are one of their own.

        Raises psycopg.Error of the first that fails; none behind it is executed then.
        """
        async with self.lock:
            adapter = Transformer(self)
            self.pgconn.enter_pipeline_mode()
            try:
                for text, values in statements:
                    self._queue(adapter, text, values)
                self.pgconn.pipeline_sync()
                answers = await self.wait(_exchanged(self.pgconn))
            finally:
                if not self.closed:
                    self.pgconn.exit_pipeline_mode()
        return [_result(adapter, answer) for answer in answers]

    def _queue(self, adapter: abc.Transformer, text: str, values: Mapping[str, Any]) -> None:
        query, names = _numbered(text)
        bound = adapter.dump_sequence([values[name] for name in names], [PyFormat.AUTO] * len(names))
        self.pgconn.send_query_params(query, bound, param_types=adapter.types, param_formats=adapter.formats)


@lru_cache(maxsize=1_000)  # there are as many as our .sql files have
def _numbered(text: str) -> tuple[bytes, list[str]]:
    """A statement with ``$1`` for the first name that it has, and the names by number."""
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return "%"
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return _PLACEHOLDER.sub(number, text).encode(), names


def _exchanged(pgconn: PGconn) -> abc.PQGen[list[PGresult]]:
    """Send what is queued, wait for the answer to all of it, and raise the first error in it."""
    yield from send(pgconn)
    answers: list[PGresult] = []
    while (found := (yield from fetch_many(pgconn))) and found[0].status != ExecStatus.PIPELINE_SYNC:
        answers += found
    for answer in answers:
        if answer.status not in {ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK}:
            raise errors.error_from_result(answer)
    if not found:
        raise psycopg.OperationalError("the server's answer broke off")
    return answers


def _result(adapter: abc.Transformer, answer: PGresult) -> Result:
    if answer.status != ExecStatus.TUPLES_OK:
        return Result([], answer.command_tuples or 0)
    adapter.set_pgresult(answer)
    names = [(answer.fname(column) or b"").decode() for column in range(answer.nfields)]
    rows = adapter.load_rows(0, answer.ntuples, lambda values: dict(zip(names, values, strict=True)))
    return Result(rows, answer.ntuples)
