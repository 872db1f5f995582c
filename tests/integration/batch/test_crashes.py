"""A crash at every step of submitting and collecting: nothing is lost, sent twice or paid twice.

The steps are not listed by hand: a first run counts every commit and every call of the provider, and then each of them
is where one run ends as if the process had been killed. A crash before a commit leaves what a crash after the step
before it leaves, so it is no step of its own.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import anthropic
import pytest

from shared.errors import ModelUnavailable
from shared.gateway.batch_client import AnthropicBatches, ItemResult
from shared.stores.postgres import Postgres, Statement
from tests.integration.batch.conftest import MakeOffice, Office

TASKS = 6
ALL = 10_000


class Killed(BaseException):
    """Nothing of ours catches it."""


class Steps:
    """Counts steps and ends the run at one of them."""

    def __init__(self, last: int) -> None:
        self.left = last
        self.names: list[str] = []

    def step(self, name: str) -> None:
        self.names.append(name)
        self.left -= 1
        if self.left == 0:
            raise Killed(name)


@contextmanager
def killed_at(last: int) -> Iterator[Steps]:
    """Every commit of a transaction is a step when it is done, every call of the provider before it and after it."""
    steps = Steps(last)
    connection_of = Postgres._connection

    @asynccontextmanager
    async def committing(self: Postgres, tenant_id: str, *first: Statement, whole: bool = False) -> AsyncIterator[Any]:
        async with connection_of(self, tenant_id, *first, whole=whole) as begun:
            yield begun
        steps.step("after a commit")

    def calling(name: str) -> Any:
        call = getattr(AnthropicBatches, name)

        async def called(self: AnthropicBatches, *arguments: Any) -> Any:
            steps.step(f"before {name}")
            answer = await call(self, *arguments)
            steps.step(f"after {name}")
            return answer

        return called

    results = AnthropicBatches.results

    async def reading(self: AnthropicBatches, batch_id: str) -> AsyncGenerator[ItemResult]:
        steps.step("before results")
        async for number_and_result in _numbered(results(self, batch_id)):
            number, result = number_and_result
            if number == TASKS // 2:
                steps.step("amid results")
            yield result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Postgres, "_connection", committing)
        for name in ("create", "since", "show"):
            patch.setattr(AnthropicBatches, name, calling(name))
        patch.setattr(AnthropicBatches, "results", reading)
        patch.setattr("shared.batch.collector.CHUNK", 2)
        yield steps


async def _numbered(results: AsyncGenerator[ItemResult]) -> AsyncGenerator[tuple[int, ItemResult]]:
    number = 0
    async for result in results:
        yield number, result
        number += 1


async def one_run(office: Office, last: int) -> list[str]:
    """Submit and collect, until the step at which it dies."""
    with killed_at(last) as steps:
        try:
            office.let_time_pass()
            await office.batch.scheduler.tick()
            office.let_time_pass()
            await office.batch.collector.collect()
        except (Killed, ModelUnavailable):
            pass
    return steps.names


async def everything_is_right(office: Office) -> None:
    assert office.states() == {"succeeded": TASKS}
    ids = office.sent()
    assert len(ids) == len({one.partition("_")[0] for one in ids}) == TASKS  # none lost, none sent twice
    (jobs,) = office.rows(
        "SELECT sum(total_cost_usd) AS cost, sum(success_count) AS n FROM batch_jobs WHERE tenant_id = %(tenant)s"
    )
    assert jobs["n"] == TASKS
    assert await office.spend.total_usd() == jobs["cost"] > 0  # nothing stays held, nothing is paid twice
    (queue,) = office.rows("SELECT waiting FROM batch_queues WHERE tenant_id = %(tenant)s")
    assert queue["waiting"] == 0


async def test_crash_at_any_step_loses_nothing_and_sends_and_pays_nothing_twice(make_office: MakeOffice) -> None:
    first = make_office()
    await first.batch.scheduler.put(first.tenant, first.tasks(TASKS))
    names = await one_run(first, ALL)
    await everything_is_right(first)
    assert {"before create", "after create", "before results", "amid results"} <= set(names)
    for last in range(1, len(names) + 1):
        office = make_office()
        await office.batch.scheduler.put(office.tenant, office.tasks(TASKS))
        assert await one_run(office, last) == names[:last]
        await office.run(rounds=3)
        await everything_is_right(office)


@pytest.mark.parametrize("fault", ["cut_connection", "timeout", "server_error", "overloaded", "rate_limit"])
async def test_crash_at_any_step_after_a_submission_without_an_answer(
    make_office: MakeOffice, sdk: anthropic.AsyncAnthropic, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.gateway.batch_client.CREATE_SECONDS", 1.0)
    control = str(sdk.base_url).rstrip("/").removesuffix("/claude") + "/control/faults"

    async def unanswered() -> Office:
        office = make_office()
        await office.batch.scheduler.put(office.tenant, office.tasks(TASKS))
        office.let_time_pass()
        await sdk._client.post(control, json={"fault": fault})
        with pytest.raises(ModelUnavailable):
            await office.batch.scheduler.tick()
        return office

    names = await one_run(first := await unanswered(), ALL)
    await first.run(rounds=3)
    await everything_is_right(first)
    steps = range(1, len(names) + 1) if fault == "cut_connection" else ()  # the others differ in the submission only
    for last in steps:
        office = await unanswered()
        await one_run(office, last)
        await office.run(rounds=3)
        await everything_is_right(office)
