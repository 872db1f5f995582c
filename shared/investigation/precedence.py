"""Which step comes next when many wait: that of the most severe case, and of the oldest among those.

Without it a flood begins every case before it ends one, and the first verdict comes as late as the last.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

from shared.contracts.alert import SeverityLevel

_RANK = {severity: rank for rank, severity in enumerate(SeverityLevel)}  # the most severe is declared first


class Precedence:
    """At most ``limit`` steps at once; those that wait go on in their cases' order."""

    def __init__(self, limit: int) -> None:
        self._free = limit
        self._waiting: list[tuple[int, str, int, asyncio.Future[None]]] = []
        self._arrivals = count()

    @asynccontextmanager
    async def turn(self, severity: SeverityLevel | None, opened_at: str) -> AsyncIterator[None]:
        """Wait for the case's turn and hold it. ``opened_at`` is ISO 8601 UTC; a case without severity was opened by
        an earlier version, so it is the oldest there is.
        """
        if self._free:
            self._free -= 1
        else:
            turn = asyncio.get_running_loop().create_future()
            rank = -1 if severity is None else _RANK[severity]
            heapq.heappush(self._waiting, (rank, opened_at, next(self._arrivals), turn))
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():  # it was given its turn at the same moment
                    self._pass_on()
                raise
        try:
            yield
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        while self._waiting:
            *_, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
