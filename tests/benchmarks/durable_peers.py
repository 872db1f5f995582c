"""The peers of investigations: DBOS, and what one durable commit costs. Loaded in .venv-bench.

DBOS has the options that serve it best here, found by trying: plain functions instead of coroutines, its log switched
off, and no tracing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

STEPS = 5  # of a whole workflow


def floor(given: dict[str, Any]) -> Callable[[], Any]:
    """One INSERT a commit, over one connection."""
    import psycopg  # noqa: PLC0415 - each side imports what its environment has

    connection = psycopg.connect(given["peers"], autocommit=True)

    def work() -> None:
        for number in range(given["at_once"]):
            connection.execute("INSERT INTO floor (value) VALUES (%s)", (f"row {number}",))

    return work


def dbos_steps(given: dict[str, Any]) -> Callable[[], Any]:
    """One workflow of ``at_once`` steps, one after the other."""
    flow = _workflow(given, steps=given["at_once"])
    return lambda: flow("case")


def dbos_workflows(given: dict[str, Any]) -> Callable[[], Any]:
    """``at_once`` workflows of STEPS steps, ``side_by_side`` of them at a time."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    flow = _workflow(given, steps=STEPS)
    pool = ThreadPoolExecutor(given["side_by_side"])
    return lambda: list(pool.map(flow, map(str, range(given["at_once"]))))


def _workflow(given: dict[str, Any], *, steps: int) -> Callable[[str], Any]:
    from dbos import DBOS  # noqa: PLC0415

    DBOS(config={"name": "bench", "system_database_url": given["peers"], "log_level": "CRITICAL"})
    numbers = itertools.count()

    @DBOS.step()
    def step(case: str, place: int) -> dict[str, Any]:
        return {"case": case, "place": place, "state": "parsing", "reason": "no approved pattern matches"}

    @DBOS.workflow()
    def flow(case: str) -> str:
        for place in range(steps):
            step(case, place)
        return f"{case} {next(numbers)}"

    DBOS.launch()
    made: Callable[[str], Any] = flow
    return made
