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
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult
from psycopg.rows import DictRow

Statement = tuple[str, Mapping[str, Any]]  # SQL and its values

_PLACEHOLDER = re.compile(r"%(?:\((\w+)\)([sb])|%)")


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
            bound = [_bound(adapter, *statement) for statement in statements]  # all, before anything is under way
            if self.pgconn.pipeline_status:
                raise RuntimeError("statements that travel together cannot be part of one of psycopg's pipelines")
            self.pgconn.enter_pipeline_mode()
            try:
                for query, values, types, formats in bound:
                    self.pgconn.send_query_params(query, values, param_types=types, param_formats=formats)
                self.pgconn.pipeline_sync()
                answers = await self.wait(_exchanged(self.pgconn))
            finally:
                if not self.closed:
                    self.pgconn.exit_pipeline_mode()
        return [_result(adapter, answer) for answer in answers]


def _bound(
    adapter: abc.Transformer, text: str, values: Mapping[str, Any]
) -> tuple[bytes, Sequence[abc.Buffer | None], tuple[int, ...] | None, Sequence[Format] | None]:
    """What libpq takes: the query, its values, their types and their formats. Raises psycopg.DataError."""
    query, names = _numbered(text)
    dumped = adapter.dump_sequence([values[name] for name in names], [PyFormat(form) for form in names.values()])
    return query, dumped, adapter.types, adapter.formats


@lru_cache(maxsize=1_000)  # there are as many as our .sql files have
def _numbered(text: str) -> tuple[bytes, dict[str, str]]:
    """A statement with ``$1`` for the first name that it has, and the names in that order with their formats."""
    forms: dict[str, str] = {}

    def number(found: re.Match[str]) -> str:
        name, form = found.groups()
        if name is None:
            return "%"
        forms.setdefault(name, form)
        return f"${list(forms).index(name) + 1}"

    return _PLACEHOLDER.sub(number, text).encode(), forms


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
